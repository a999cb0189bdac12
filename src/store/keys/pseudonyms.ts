import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { readKeyFile, type SecretKey } from './key-file.js';

/** Whose identifier it is: the same patient under two of these has unrelated pseudonyms. */
export interface Scope {
  readonly clientId: string;
  /** '' where the client has none. */
  readonly tenant: string;
}

export type IdentifierKind = 'patient' | 'user' | 'encounter';

export interface Pseudonyms {
  /** `version.hmac`, by the newest key. */
  of(scope: Scope, kind: IdentifierKind, identifier: string): string;
  /** Newest key first: what an identifier may be stored as. */
  allOf(scope: Scope, kind: IdentifierKind, identifier: string): readonly string[];
  /** AES-256-GCM by the newest key, for a clear identifier that has to wait outside the database. */
  seal(clear: string): string;
  /** undefined: its key is gone, or it is not one of ours. */
  unseal(sealed: string): string | undefined;
}

const REREAD_MS = 5000;

/** Pseudonyms by the keys of a file; a key that was added to it is used within seconds. Throws as `readKeyFile` does. */
export function filePseudonyms(path: string, clock: () => number = Date.now): Pseudonyms {
  let keys = readKeyFile(path);
  let read = stampOf(path);
  let readMs = clock();
  const current = (): readonly SecretKey[] => {
    if (Math.abs(clock() - readMs) < REREAD_MS) return keys;
    readMs = clock();
    try {
      const now = stampOf(path);
      if (now !== read) keys = readKeyFile(path);
      read = now;
    } catch {
      // A key file that went away or was spoiled under a running service: the keys it began with go on.
    }
    return keys;
  };
  return pseudonymsBy(current);
}

/** Two writes can fall into one tick of the file system's clock: the time alone does not tell a file that was changed. */
function stampOf(path: string): string {
  const { mtimeMs, ino, size } = statSync(path);
  return `${mtimeMs} ${ino} ${size}`;
}

/** The same by keys that are at hand; `keys` returns at least one, oldest first. */
export function pseudonymsBy(keys: () => readonly SecretKey[]): Pseudonyms {
  const derived = new Map<string, Buffer>();
  const derive = ({ version, secret }: SecretKey, purpose: string): Buffer => {
    const name = `${version}\0${purpose}`;
    const known = derived.get(name);
    if (known) return known;
    const key = Buffer.from(hkdfSync('sha256', secret, '', `hemolens ${purpose}`, 32));
    derived.set(name, key);
    return key;
  };
  const pseudonym = (key: SecretKey, { clientId, tenant }: Scope, kind: IdentifierKind, identifier: string): string => {
    const scoped = derive(key, `pseudonym\0${clientId}\0${tenant}`);
    const bare = identifier.replace(/^Patient\/|^Encounter\//, '');
    return `${key.version}.${createHmac('sha256', scoped).update(`${kind}\0${bare}`).digest('base64url')}`;
  };
  return {
    of: (scope, kind, identifier) => pseudonym(newestOf(keys()), scope, kind, identifier),
    allOf: (scope, kind, identifier) => [...keys()].reverse().map((key) => pseudonym(key, scope, kind, identifier)),
    seal(clear) {
      const key = newestOf(keys());
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', derive(key, 'spool'), iv);
      const text = Buffer.concat([cipher.update(clear, 'utf8'), cipher.final()]);
      return `${key.version}.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
    },
    unseal(sealed) {
      const [version, content = ''] = sealed.split('.');
      const key = keys().find((candidate) => String(candidate.version) === version);
      if (!key) return undefined;
      const bytes = Buffer.from(content, 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', derive(key, 'spool'), bytes.subarray(0, 12));
        decipher.setAuthTag(bytes.subarray(12, 28));
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

function newestOf(keys: readonly SecretKey[]): SecretKey {
  const newest = keys.at(-1);
  if (!newest) throw new TypeError('no pseudonym key');
  return newest;
}
