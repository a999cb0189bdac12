import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { ServiceError } from '../../../errors/service-error.js';
import { isElement, text, type Element } from '../../../record/element.js';
import type { ExportFile } from './export-files.js';

/** A resource of an export and where it stands. */
export interface ExportedResource {
  readonly resource: Element;
  readonly type: string;
  readonly file: string;
  readonly line: number;
}

const NEWLINE = 10;
const CHUNK_BYTES = 1 << 20;

/**
 * Hands every resource of the files to `visit`, line by line, in the order of the files; at no time is more than a chunk of
 * one file in memory. Throws ERR_DATASET naming file and line for what is not UTF-8, not JSON or no FHIR resource, and naming
 * the file where a compressed one is cut short. The line itself is never quoted: it is a patient's.
 */
export async function forEachResource(
  files: readonly ExportFile[],
  visit: (exported: ExportedResource) => void | Promise<void>,
): Promise<void> {
  for (const file of files) {
    await forEachLine(file, (bytes, line) => {
      const resource = parse(bytes, `${file.name}: line ${line}`);
      return resource === undefined ? undefined : visit({ ...resource, file: file.name, line });
    });
  }
}

/** The lines of a file as bytes, split at line feeds alone (a text may hold other separators), numbered from 1. */
export async function forEachLine(
  file: ExportFile,
  visit: (bytes: Buffer, line: number) => void | Promise<void>,
): Promise<void> {
  let line = 0;
  for await (const lines of batchesOf(file)) {
    for (const bytes of lines) {
      line += 1;
      const waiting = visit(bytes, line);
      if (waiting) await waiting;
    }
  }
}

/** The same one after the other, for readers that yield in between. */
export async function* linesIn(file: ExportFile): AsyncGenerator<Buffer> {
  for await (const lines of batchesOf(file)) yield* lines;
}

/** The lines that end in one chunk of the file, chunk by chunk. */
async function* batchesOf(file: ExportFile): AsyncGenerator<readonly Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(file)) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      lines.push(bytes.subarray(from, end));
      from = end + 1;
    }
    rest = bytes.subarray(from);
    yield lines;
  }
  if (rest.length > 0) yield [rest];
}

async function* chunksOf({ name, path, isCompressed }: ExportFile): AsyncGenerator<Buffer> {
  const raw = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const stream = isCompressed ? raw.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : raw;
  if (stream !== raw) raw.on('error', (error) => stream.destroy(error));
  try {
    if (isCompressed && (await stat(path)).size === 0)
      throw new ServiceError('ERR_DATASET', { detail: ENDS_EARLY(name) });
    for await (const chunk of stream) if (Buffer.isBuffer(chunk)) yield chunk;
  } catch (error) {
    throw error instanceof ServiceError ? error : readFault(name, error);
  } finally {
    raw.destroy();
  }
}

const ENDS_EARLY = (name: string): string => `${name}: the gzip stream ends early (truncated file)`;

function readFault(name: string, error: unknown): ServiceError {
  const code = isElement(error) ? (text(error, 'code') ?? '') : '';
  if (code === 'Z_BUF_ERROR') return new ServiceError('ERR_DATASET', { detail: ENDS_EARLY(name) });
  const why = code.startsWith('Z_') ? 'the gzip stream is damaged' : 'cannot be read';
  return new ServiceError('ERR_DATASET', { detail: `${name}: ${why}` });
}

/** The resource of a line; undefined for an empty one. Causes are left out of the error: they quote the line. */
function parse(bytes: Buffer, place: string): { readonly resource: Element; readonly type: string } | undefined {
  if (!isUtf8(bytes)) throw new ServiceError('ERR_DATASET', { detail: `${place} is not UTF-8` });
  const words = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (words.trim() === '') return undefined;
  const resource = json(words, place);
  const type = isElement(resource) ? text(resource, 'resourceType') : undefined;
  if (!isElement(resource) || type === undefined) {
    throw new ServiceError('ERR_DATASET', { detail: `${place} is no FHIR resource` });
  }
  return { resource, type };
}

function json(words: string, place: string): unknown {
  try {
    return JSON.parse(words);
  } catch {
    throw new ServiceError('ERR_DATASET', { detail: `${place} is not JSON` });
  }
}
