import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { ServiceError } from '../../errors/service-error.js';

/** A published CSV table: `hosp/labevents.csv.gz`, or the same without `.gz`. */
export interface CsvFile {
  /** As in messages: `hosp/labevents.csv.gz`. */
  readonly name: string;
  readonly path: string;
  readonly isCompressed: boolean;
  readonly header: readonly string[];
}

/** The file of a table (`hosp/labevents`), compressed or not; undefined where there is neither. */
export async function findCsv(directory: string, table: string): Promise<CsvFile | undefined> {
  const name = [`${table}.csv.gz`, `${table}.csv`].find((candidate) => existsSync(join(directory, candidate)));
  if (name === undefined) return undefined;
  const path = join(directory, name);
  const isCompressed = name.endsWith('.gz');
  const line = await firstLine(path, isCompressed).catch((cause: unknown) => {
    throw new ServiceError('ERR_DATASET', {
      detail: `${name}: cannot be read${isCompressed ? ' as gzip' : ''}`,
      cause,
    });
  });
  const header = line
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((column) => column.trim().replace(/^"(.*)"$/, '$1'));
  return { name, path, isCompressed, header };
}

/** The same, with every column of `columns`. Throws ERR_DATASET naming the missing table or column. */
export async function requireCsv(directory: string, table: string, columns: readonly string[]): Promise<CsvFile> {
  const file = await findCsv(directory, table);
  if (!file) throw new ServiceError('ERR_DATASET', { detail: `${table}.csv.gz is missing` });
  const missing = columns.find((column) => !file.header.includes(column));
  if (missing !== undefined) {
    throw new ServiceError('ERR_DATASET', { detail: `${file.name}: line 1: the header has no column ${missing}` });
  }
  const twice = file.header.find((column, index) => file.header.indexOf(column) !== index);
  if (twice !== undefined) {
    throw new ServiceError('ERR_DATASET', { detail: `${file.name}: line 1: the header has the column ${twice} twice` });
  }
  return file;
}

/** A DuckDB table expression over the file: every column text as published, null where empty; a row that does not fit is an error. */
export function scanOf({ path, header }: CsvFile): string {
  const columns = header.map((column) => `${quoted(column)}: 'VARCHAR'`).join(', ');
  return `read_csv(${quoted(path)}, header = true, auto_detect = false, columns = {${columns}}, delim = ',', quote = '"', escape = '"', nullstr = '')`;
}

/** A text as an SQL literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function firstLine(path: string, isCompressed: boolean): Promise<string> {
  const file = await open(path);
  try {
    const raw = file.createReadStream({ end: 1_000_000, autoClose: false });
    const stream = isCompressed ? raw.pipe(createGunzip({ finishFlush: 2 })) : raw;
    raw.on('error', (error) => stream.destroy(error));
    let text = '';
    for await (const chunk of stream) {
      text += String(chunk);
      const end = text.search(/\r?\n/);
      if (end >= 0) return text.slice(0, end);
    }
    return text;
  } finally {
    await file.close();
  }
}
