import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { ServiceError } from '../../errors/service-error.js';
import type { CsvFile } from './csv-file.js';

/**
 * ERR_DATASET for a scan that failed, naming the file and the line where that can be told. The row itself is never quoted:
 * it is a patient's.
 */
export async function csvFault(file: CsvFile, cause: unknown): Promise<ServiceError> {
  const words = messageOf(cause);
  if (NOT_THE_FILES.test(words)) {
    return new ServiceError('ERR_DATASET', {
      detail: `${file.name}: the machine could not read it through (memory or disk)`,
      cause,
    });
  }
  const line = /CSV Error on Line: (\d+)/.exec(words)?.[1];
  const found = /Found: (\d+)/.exec(words)?.[1];
  const expected = /Expected Number of Columns: (\d+)/.exec(words)?.[1];
  const ended = await gzipFault(file);
  if (ended !== undefined) return fault(`${file.name}: ${ended}`);
  const badLine = /unicode|INTERNAL/.test(words) ? await firstLineNotUtf8(file) : undefined;
  if (badLine !== undefined) return fault(`${file.name}: line ${badLine} is not UTF-8`);
  if (line === undefined) return fault(`${file.name}: cannot be read as CSV`);
  if (expected !== undefined && found !== undefined) {
    // DuckDB stops counting at the first column too many.
    const counted = Number(found) > Number(expected) ? `more than ${expected}` : found;
    return fault(`${file.name}: line ${line} has ${counted} columns, expected ${expected}`);
  }
  if (/unterminated quote/.test(words)) return fault(`${file.name}: line ${line}: a quote is not closed`);
  return fault(`${file.name}: line ${line} cannot be read as CSV`);
}

/** DuckDB's words for what is wrong with the machine and not with the file. */
const NOT_THE_FILES = /Out of Memory Error|No space left|Permission denied|could not allocate/i;

/** A cause may come from another realm, where it is no instance of this one's Error. */
function messageOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : '';
}

/**
 * Reads a compressed file through to its checksum. Throws ERR_DATASET when it is cut short or damaged: a reader that stops at
 * the last whole row would take it for complete. Plain files are left alone.
 */
export async function verifyGzip(file: CsvFile): Promise<void> {
  const ended = await gzipFault(file);
  if (ended !== undefined) throw fault(`${file.name}: ${ended}`);
}

async function gzipFault({ path, isCompressed }: CsvFile): Promise<string | undefined> {
  if (!isCompressed) return undefined;
  return new Promise((resolve) => {
    const raw = createReadStream(path, { highWaterMark: 1 << 20 });
    const unzip = createGunzip({ chunkSize: 1 << 20 });
    raw.on('error', () => {
      resolve('cannot be read');
    });
    unzip.on('error', (error: NodeJS.ErrnoException) => {
      raw.destroy();
      resolve(
        error.code === 'Z_BUF_ERROR' ? 'the gzip stream ends early (truncated file)' : 'the gzip stream is damaged',
      );
    });
    unzip.on('end', () => {
      resolve(undefined);
    });
    raw.pipe(unzip).resume();
  });
}

/** Line number of the first line that is not UTF-8. */
async function firstLineNotUtf8({ path, isCompressed }: CsvFile): Promise<number | undefined> {
  const raw = createReadStream(path);
  const stream = isCompressed ? raw.pipe(createGunzip()) : raw;
  let line = 1;
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, Buffer.from(chunk as Uint8Array)]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      if (!isUtf8(rest.subarray(0, end))) return line;
      rest = rest.subarray(end + 1);
      line += 1;
    }
  }
  return isUtf8(rest) ? undefined : line;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function fault(detail: string): ServiceError {
  return new ServiceError('ERR_DATASET', { detail });
}
