/**
 * `node --import tsx bench/mimic-size/make-clone.ts --from DEMO --out DIR --scale 1/100`: the MIMIC-IV demo cloned to a fraction
 * of MIMIC-IV 3.1, in the published layout (`hosp/*.csv.gz`, `icu/*.csv.gz`): new ids, times moved by whole weeks a patient,
 * row counts as published. For measuring only: the same demo and scale give the same bytes. Prints rows and bytes as JSON.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { agentOfMimicItem, mimicItemsOfAdministrations } from '../../src/record/administration-code-table.js';
import { COPIED, loadDemoTable, loadPlaces, tableShapes, type TableShape } from './demo-tables.js';
import { FULL_SIZE, readScale, type ClonedTable } from './full-size.js';
import { numbers, planBlood, planPeople, thinningPpm } from './plan-people.js';
import { joinParts, writePart, type ClonePart } from './write-clones.js';

/** Rows a part has about: what one sort holds in memory. */
const ROWS_A_PART = 1_500_000;
/** Parts at once: compression is one thread a part. */
const WRITERS = 2;

interface Cloned {
  readonly table: ClonedTable;
  readonly shape: TableShape;
  readonly columns: readonly string[];
  readonly ppm: number;
  readonly parts: readonly ClonePart[];
}

const { values } = parseArgs({
  options: { from: { type: 'string' }, out: { type: 'string' }, scale: { type: 'string', default: '1/100' } },
});
const { from, out } = values;
const scale = readScale(values.scale);
if (from === undefined || out === undefined || scale === undefined) {
  console.error('usage: make-clone.ts --from DEMO --out DIR --scale 1/100');
  process.exit(2);
}
if (existsSync(join(out, 'DONE'))) {
  console.error('the folder is complete already');
  process.exit(2);
}

const startMs = performance.now();
const instance = await DuckDBInstance.create(':memory:', { memory_limit: '5GB', threads: '2' });
const connection = await instance.connect();
await mkdir(join(out, 'hosp'), { recursive: true });
await mkdir(join(out, 'icu'), { recursive: true });
const cloned = await plan(connection, from, scale);
const rows = await write(cloned, out);
const report = [];
for (const { table, shape, parts } of cloned) {
  const bytes = await joinParts(out, parts, join(out, shape.folder, `${table}.csv.gz`));
  const target = Math.round(FULL_SIZE[table] * scale);
  const written = rows.get(table) ?? 0;
  report.push({ table, rows: written, target, ratio: Math.round((1000 * written) / target) / 1000, bytes });
}
for (const path of COPIED) await copyFile(join(from, `${path}.csv.gz`), join(out, `${path}.csv.gz`));
const seconds = Math.round((performance.now() - startMs) / 1000);
const summary = { scale, tables: report, seconds, peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024) };
await writeFile(join(out, 'DONE'), `${JSON.stringify({ scale, tables: report }, null, 2)}\n`);
console.log(JSON.stringify(summary, null, 2));
connection.closeSync();
instance.closeSync();

/** Loads the demo, chooses the new patients and cuts every table into parts. */
async function plan(connection: DuckDBConnection, from: string, scale: number): Promise<readonly Cloned[]> {
  const blood = mimicItemsOfAdministrations().filter((item) => agentOfMimicItem(item)?.kind === 'blood');
  const isBlood = `itemid IN (${blood.map((item) => `'${item}'`).join(', ')})`;
  const shapes = tableShapes(isBlood, await planBlood(connection, from, isBlood));
  await loadPlaces(connection, from);
  const columns = new Map<ClonedTable, readonly string[]>();
  for (const table of tables()) columns.set(table, await loadDemoTable(connection, from, table, shapes[table]));
  await planPeople(connection, scale);
  const [people = 0] = await numbers(connection, 'SELECT count(*) FROM people');
  const cloned: Cloned[] = [];
  for (const table of tables()) {
    const count = Math.max(1, Math.ceil((FULL_SIZE[table] * scale) / ROWS_A_PART));
    const parts = Array.from({ length: count }, (_, place) => ({
      table,
      place,
      first: Math.floor((people * place) / count) + 1,
      last: Math.floor((people * (place + 1)) / count),
    }));
    const shape = shapes[table];
    const ppm = await thinningPpm(connection, table, shape, scale);
    cloned.push({ table, shape, columns: columns.get(table) ?? [], ppm, parts });
  }
  return cloned;
}

/** The tables, as they are named in the table of full sizes. */
function tables(): readonly ClonedTable[] {
  return [
    ...(['patients', 'admissions', 'transfers', 'services', 'diagnoses_icd', 'labevents', 'poe'] as const),
    ...(['icustays', 'chartevents', 'inputevents', 'outputevents', 'procedureevents'] as const),
  ];
}

/** Writes all parts, a few at once, and counts the rows of each table. */
async function write(cloned: readonly Cloned[], out: string): Promise<ReadonlyMap<ClonedTable, number>> {
  const queue = cloned.flatMap((own) => own.parts.map((part) => ({ ...own, part })));
  const total = queue.length;
  const rows = new Map<ClonedTable, number>();
  const writer = async (): Promise<void> => {
    const own = await instance.connect();
    for (let next = queue.shift(); next; next = queue.shift()) {
      const written = await writePart(own, out, next.part, next.shape, next.columns, next.ppm);
      rows.set(next.table, (rows.get(next.table) ?? 0) + written);
      const seconds = Math.round((performance.now() - startMs) / 1000);
      process.stderr.write(
        `${next.table} part ${next.part.place + 1}, ${total - queue.length} of ${total}, ${seconds} s\n`,
      );
    }
    own.closeSync();
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return rows;
}
