import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { ServiceError } from '../../errors/service-error.js';

export interface SecretKey {
  readonly version: number;
  /** 32 bytes. */
  readonly secret: Buffer;
}

const SECRET_BYTES = 32;
const OTHERS_MAY = 0o077;

/**
 * Keys of a pseudonym key file, oldest first; at least one. Throws ServiceError ERR_CONFIG when the file cannot be read, is
 * open to others, or is no key file. Its content goes into no message.
 */
export function readKeyFile(path: string): readonly SecretKey[] {
  let text: string;
  try {
    if ((statSync(path).mode & OTHERS_MAY) !== 0) {
      throw refused(`the pseudonym key file ${path} may be read by others: chmod 600 it`);
    }
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw refused(`the pseudonym key file ${path} cannot be read`, cause);
  }
  const keys = parseKeys(text);
  if (!keys) {
    throw refused(
      `${path} is no pseudonym key file: {"keys": [{"version": 1, "secret": "<32 bytes in base64>"}]}, versions rising; 'hemolens store rotate-keys' makes one`,
    );
  }
  return keys;
}

function parseKeys(text: string): readonly SecretKey[] | undefined {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== 'object' || document === null || !('keys' in document)) return undefined;
    const { keys } = document;
    if (!Array.isArray(keys) || keys.length === 0) return undefined;
    const read = keys.map((key: unknown) => parseKey(key));
    const isRising = read.every((key, index) => key !== undefined && key.version > (read[index - 1]?.version ?? 0));
    return isRising ? read.filter((key) => key !== undefined) : undefined;
  } catch {
    return undefined;
  }
}

function parseKey(key: unknown): SecretKey | undefined {
  if (typeof key !== 'object' || key === null || !('version' in key) || !('secret' in key)) return undefined;
  const { version, secret } = key;
  if (typeof version !== 'number' || !Number.isInteger(version) || typeof secret !== 'string') return undefined;
  const bytes = Buffer.from(secret, 'base64');
  return bytes.length === SECRET_BYTES ? { version, secret: bytes } : undefined;
}

/** Adds a fresh key, which is the one that writes from now on; makes the file when it is not there. Returns its version. */
export function addKey(path: string): number {
  const keys = existsSync(path) ? readKeyFile(path) : [];
  const version = (keys.at(-1)?.version ?? 0) + 1;
  const all = [...keys, { version, secret: randomBytes(SECRET_BYTES) }];
  const document = { keys: all.map((key) => ({ version: key.version, secret: key.secret.toString('base64') })) };
  const draft = `${path}.${process.pid}.new`;
  // Written beside and moved: a kill leaves the old file or the new one, never half a key.
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(document, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  return version;
}

function refused(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('ERR_CONFIG', { detail, cause });
}
