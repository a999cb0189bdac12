/**
 * `node --import tsx bench/mimic-size/scan.ts --path CLONE [--table chartevents] [--plain DIR]`: how fast DuckDB scans and filters
 * the big tables, by ways of reading. `--plain` is a folder to unpack the tables to, for reading without gzip. Prints JSON lines.
 */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { requireCsv, type CsvFile } from '../../src/cohort/csv/csv-file.js';
import { MIMIC_LAYOUT } from '../../src/cohort/sources/mimic-iv/csv-layout.js';

const TABLES = ['chartevents', 'labevents', 'poe'] as const;
type BigTable = (typeof TABLES)[number];
const TIMES = 3;

interface Way {
  readonly name: string;
  readonly threads?: number;
  /** Options of `read_csv` after the file name. */
  readonly options: (columns: string) => string;
  readonly plain?: true;
  /** Counts all rows by one column, to see what filtering costs. */
  readonly countOnly?: true;
}

const dialect = `delim = ',', quote = '"', escape = '"', nullstr = ''`;
const explicit = (columns: string): string => `header = true, auto_detect = false, columns = {${columns}}, ${dialect}`;

const WAYS: readonly Way[] = [
  { name: 'as built: explicit columns, 2 threads', options: explicit },
  { name: '1 thread', threads: 1, options: explicit },
  { name: '4 threads', threads: 4, options: explicit },
  { name: 'parallel = false', options: (columns) => `${explicit(columns)}, parallel = false` },
  { name: 'all_varchar, sniffed', options: () => 'header = true, all_varchar = true' },
  ...[4, 16, 32, 128].map((megabytes) => ({
    name: `buffer_size ${megabytes} MB`,
    options: (columns: string) => `${explicit(columns)}, buffer_size = ${megabytes * 1_000_000}`,
  })),
  { name: 'null_padding', options: (columns) => `${explicit(columns)}, null_padding = true` },
  { name: 'strict_mode = false', options: (columns) => `${explicit(columns)}, strict_mode = false` },
  { name: "new_line '\\n'", options: (columns) => `${explicit(columns)}, new_line = '\\n'` },
  {
    name: 'itemid as INTEGER',
    options: (columns) => explicit(columns.replace("'itemid': 'VARCHAR'", "'itemid': 'INTEGER'")),
  },
  { name: 'count(*) only', options: explicit, countOnly: true },
  { name: 'plain csv', options: explicit, plain: true },
  { name: 'plain csv, 1 thread', threads: 1, options: explicit, plain: true },
];

const { values } = parseArgs({
  options: { path: { type: 'string' }, table: { type: 'string' }, plain: { type: 'string' }, ways: { type: 'string' } },
});
const { path: folder, plain } = values;
if (folder === undefined) {
  console.error('usage: scan.ts --path CLONE [--table chartevents] [--plain DIR] [--ways words]');
  process.exit(2);
}
const wanted = TABLES.filter((table) => values.table === undefined || values.table === table);
const bytes = new Map<BigTable, number>();
for (const table of wanted) await unzipOnly(table);
for (const table of wanted) {
  for (const way of WAYS.filter(({ name }) => name.includes(values.ways ?? ''))) {
    if (way.plain === true && plain === undefined) continue;
    await measure(table, way);
  }
}
if (values.table === undefined) await measureTogether();

/** Node's zlib alone: what checking a file to its checksum costs. Also unpacks it where `--plain` says. */
async function unzipOnly(table: BigTable): Promise<void> {
  const file = await csvOf(table);
  const target = plain === undefined ? undefined : join(plain, `${table}.csv`);
  const startMs = performance.now();
  let total = 0;
  const unzip = createReadStream(file.path, { highWaterMark: 1 << 20 }).pipe(createGunzip({ chunkSize: 1 << 20 }));
  unzip.on('data', (chunk: Buffer) => (total += chunk.length));
  await finished(unzip);
  const ms = performance.now() - startMs;
  bytes.set(table, total);
  print({ table, way: 'node zlib, no parsing', seconds: ms / 1000, mbPerS: total / 1e3 / ms });
  if (target !== undefined && !existsSync(target)) {
    await pipeline(createReadStream(file.path), createGunzip(), createWriteStream(target));
  }
}

async function measure(table: BigTable, way: Way): Promise<void> {
  const file = await csvOf(table);
  const path = way.plain === true ? join(plain ?? '', `${table}.csv`) : file.path;
  const sql = scanSql(table, file, way, path);
  const instance = await DuckDBInstance.create(':memory:', { threads: String(way.threads ?? 2), memory_limit: '3GB' });
  const connection = await instance.connect();
  const seconds: number[] = [];
  let cpuSeconds = Infinity;
  let rows = 0;
  for (let time = 0; time < TIMES; time++) {
    const startCpu = process.cpuUsage();
    const startMs = performance.now();
    const [[all] = []] = (await connection.runAndReadAll(sql)).getRowsJson();
    seconds.push((performance.now() - startMs) / 1000);
    const { user, system } = process.cpuUsage(startCpu);
    cpuSeconds = Math.min(cpuSeconds, (user + system) / 1e6);
    rows = Number(all);
  }
  connection.closeSync();
  instance.closeSync();
  const best = Math.min(...seconds);
  const mbPerS = (bytes.get(table) ?? 0) / 1e6 / best;
  print({ table, way: way.name, kept: rows, seconds: best, mbPerS, cpuSeconds, load: loadavg()[0] ?? NaN });
}

/** All big tables at once, a connection each, as against one after the other. */
async function measureTogether(): Promise<void> {
  for (const isAtOnce of [false, true]) {
    const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '3GB' });
    const startMs = performance.now();
    const scans = TABLES.map((table) => async () => {
      const connection = await instance.connect();
      const file = await csvOf(table);
      await connection.runAndReadAll(scanSql(table, file, { name: '', options: explicit }, file.path));
      connection.closeSync();
    });
    if (isAtOnce) await Promise.all(scans.map((scan) => scan()));
    else for (const scan of scans) await scan();
    const seconds = (performance.now() - startMs) / 1000;
    instance.closeSync();
    const total = [...bytes.values()].reduce((sum, own) => sum + own, 0);
    print({ table: 'all', way: isAtOnce ? 'at once' : 'one after the other', seconds, mbPerS: total / 1e6 / seconds });
  }
}

function scanSql(table: BigTable, file: CsvFile, way: Way, path: string): string {
  const { where, columns } = MIMIC_LAYOUT[table];
  const list = file.header.map((column) => `'${column}': 'VARCHAR'`).join(', ');
  const scan = `read_csv('${path.replaceAll("'", "''")}', ${way.options(list)})`;
  if (way.countOnly === true) return `SELECT count(*) FROM ${scan}`;
  const texts = columns.map((column) => `max(${column})`).join(', ');
  return `SELECT count(*), ${texts} FROM ${scan} WHERE ${way.name.includes('INTEGER') ? where.replaceAll(/'(\d+)'/g, '$1') : where}`;
}

function csvOf(table: BigTable): Promise<CsvFile> {
  return requireCsv(folder ?? '', MIMIC_LAYOUT[table].path, []);
}

function print(result: Readonly<Record<string, string | number>>): void {
  const rounded = Object.entries(result).map(([key, value]) => [
    key,
    typeof value !== 'number' || Number.isInteger(value) ? value : Number(value.toPrecision(4)),
  ]);
  console.log(JSON.stringify(Object.fromEntries(rounded)));
}
