import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Certificates for one test run, made by the `openssl` command. */
export interface TestCertificates {
  readonly folder: string;
  /** A certificate for 127.0.0.1 and its key, signed by `caFile`. */
  readonly server: CertificateFiles;
  /** Another one for 127.0.0.1, for a change while the service runs. */
  readonly renewed: CertificateFiles;
  /** A client's, signed by the same authority. */
  readonly client: CertificateFiles;
  /** A client's, signed by an authority of its own. */
  readonly stranger: CertificateFiles;
  readonly caFile: string;
}

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Is there an `openssl` to make certificates with? */
export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function makeCertificates(): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), 'hemolens-tls-'));
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore', cwd: folder });
  };
  const key = (name: string): void => openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', name);
  const authority = (name: string): void => {
    key(`${name}.key`);
    openssl('req', '-x509', '-new', '-key', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${name}`);
  };
  writeFileSync(path('san.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const signed = (name: string, ca: string): CertificateFiles => {
    key(`${name}.key`);
    openssl('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const issuer = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial'];
    const request = ['-req', '-in', `${name}.csr`, '-out', `${name}.pem`, '-days', '2', '-extfile', 'san.cnf'];
    openssl('x509', ...request, ...issuer);
    return { certFile: path(`${name}.pem`), keyFile: path(`${name}.key`) };
  };
  authority('ca');
  authority('other-ca');
  return {
    folder,
    server: signed('server', 'ca'),
    renewed: signed('renewed', 'ca'),
    client: signed('client', 'ca'),
    stranger: signed('stranger', 'other-ca'),
    caFile: path('ca.pem'),
  };
}
