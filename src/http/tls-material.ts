import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { ServiceError } from '../errors/service-error.js';

/** PEM files to speak TLS with. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities of client certificates; where given, every client must show one of theirs. @see requirement 70 */
  readonly clientCaFile?: string;
}

/**
 * What the files say, checked to fit together; TLS 1.2 or later.
 * Throws ServiceError ERR_CONFIG naming the file that cannot be read, or saying that key and certificate do not fit.
 */
export function readTlsMaterial(files: TlsFiles): SecureContextOptions & TlsOptions {
  const material: SecureContextOptions = {
    cert: readPem(files.certFile, 'HEMOLENS_TLS_CERT_FILE'),
    key: readPem(files.keyFile, 'HEMOLENS_TLS_KEY_FILE'),
    ...(files.clientCaFile === undefined ? {} : { ca: readPem(files.clientCaFile, 'HEMOLENS_TLS_CLIENT_CA_FILE') }),
    minVersion: 'TLSv1.2',
  };
  try {
    createSecureContext(material);
  } catch (cause) {
    const detail = 'the files of HEMOLENS_TLS_* are not a PEM certificate and its private key';
    throw new ServiceError('ERR_CONFIG', { detail, cause });
  }
  return files.clientCaFile === undefined ? material : { ...material, requestCert: true, rejectUnauthorized: true };
}

function readPem(path: string, variable: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ServiceError('ERR_CONFIG', { detail: `${variable}: ${path} cannot be read`, cause });
  }
}

/** The TLS files a configuration names; undefined: plain HTTP. */
export function tlsFilesOf(config: {
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  readonly tlsClientCaFile?: string;
}): TlsFiles | undefined {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile, tlsClientCaFile: clientCaFile } = config;
  if (certFile === undefined || keyFile === undefined) return undefined;
  return { certFile, keyFile, ...(clientCaFile === undefined ? {} : { clientCaFile }) };
}
