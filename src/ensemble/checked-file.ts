import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '../errors/service-error.js';

/** sha256 in lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The fault of a bundle or encoder: which file, what was expected, what was found. */
export function mismatch(file: string, expected: string, found: string): ServiceError {
  return new ServiceError('ERR_MODEL_BUNDLE', { detail: `${file}: expected ${expected}, found ${found}` });
}

/** A file's bytes; throws ERR_MODEL_BUNDLE when it cannot be read. `where` completes "expected in …". */
export async function readBytes(directory: string, file: string, where: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, file));
  } catch (cause) {
    throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `${file}: expected in ${where}, cannot be read`, cause });
  }
}

/** Every listed file, each of the sha256 that its list says. `list` is the listing file's name, for messages. */
export async function readVerifiedFiles(
  directory: string,
  listed: Readonly<Record<string, { readonly sha256: string }>>,
  { list, where }: { readonly list: string; readonly where: string },
): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const [file, { sha256: expected }] of Object.entries(listed)) {
    if (file.includes('..') || file.startsWith('/')) throw mismatch(list, `a path inside ${where}`, file);
    const bytes = await readBytes(directory, file, where);
    const found = sha256(bytes);
    if (found !== expected) throw mismatch(file, `sha256 ${expected}`, found);
    files.set(file, bytes);
  }
  return files;
}

/** The content of a JSON file; throws ERR_MODEL_BUNDLE when it is none. */
export function parseJson(file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ServiceError('ERR_MODEL_BUNDLE', { detail: `${file}: expected JSON, found text that is not`, cause });
  }
}
