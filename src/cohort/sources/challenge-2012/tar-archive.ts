import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ServiceError } from '../../../errors/service-error.js';

const BLOCK = 512;
const REGULAR_FILE = new Set(['0', '\0', '']);

export interface TarEntry {
  /** Path inside the archive. */
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * The regular files of a `.tar.gz` (ustar or GNU, names up to 100 + 155 bytes), in archive order.
 * Throws ERR_DATASET when the file cannot be read, is no gzip, or a header's checksum is wrong.
 * @see POSIX.1-2017, pax, "ustar Interchange Format"
 */
export async function readTarGz(path: string): Promise<TarEntry[]> {
  return parseTar(await unpack(path), path);
}

async function unpack(path: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(await readFile(path));
  } catch (cause) {
    throw new ServiceError('ERR_DATASET', { detail: `${path}: expected a .tar.gz, cannot be read`, cause });
  }
}

/** The regular files of an unpacked tar; `label` names the archive in errors. */
export function parseTar(archive: Buffer, label: string): TarEntry[] {
  const entries: TarEntry[] = [];
  let at = 0;
  while (at + BLOCK <= archive.length) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    requireChecksum(header, label);
    const size = octal(header, 124, 12);
    const body = at + BLOCK;
    if (body + size > archive.length) {
      throw new ServiceError('ERR_DATASET', { detail: `${label}: ends in the middle of a file` });
    }
    if (REGULAR_FILE.has(text(header, 156, 1))) {
      const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : '';
      const name = text(header, 0, 100);
      entries.push({ name: prefix ? `${prefix}/${name}` : name, bytes: archive.subarray(body, body + size) });
    }
    at = body + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}

function octal(header: Buffer, start: number, length: number): number {
  return Number.parseInt(text(header, start, length).trim() || '0', 8);
}

/** The sum of the header's bytes with its own checksum field read as blanks. */
function requireChecksum(header: Buffer, label: string): void {
  let sum = 8 * 32;
  header.forEach((byte, index) => {
    if (index < 148 || index >= 156) sum += byte;
  });
  if (sum !== octal(header, 148, 8)) {
    throw new ServiceError('ERR_DATASET', { detail: `${label}: is not a tar archive (a header's checksum is wrong)` });
  }
}
