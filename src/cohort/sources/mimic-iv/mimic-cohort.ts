import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { ServiceError } from '../../../errors/service-error.js';
import { agentOfMimicItem, mimicItemsOfAdministrations } from '../../../record/administration-code-table.js';
import { csvFault, verifyGzip } from '../../csv/csv-fault.js';
import { findCsv, requireCsv, scanOf, type CsvFile } from '../../csv/csv-file.js';
import { openScanDatabase } from '../../csv/scan-database.js';
import type { CohortSource, SourceAbout, StageReport, StageRequest } from '../../cohort-source.js';
import { factsFromTables } from './chart-facts.js';
import { CODE_STATUS_ITEM, MIMIC_LAYOUT, NOTE_LAYOUT, TABLE_NAMES, type TableLayout } from './csv-layout.js';
import { assertItemLabels } from './item-labels.js';
import { MIMIC_OFFSET, mimicMs } from './mimic-time.js';
import { patientIdOf } from './resources-from-rows.js';
import { loadWanted, STAGED_TABLES, stageTable } from './stage-tables.js';

const HOUR_MS = 3_600_000;
const bloodItems = mimicItemsOfAdministrations().filter((item) => agentOfMimicItem(item)?.kind === 'blood');

/** Columns by which a table's rows must be one each. */
const UNIQUE = [
  ['patients', 'subject_id'],
  ['admissions', 'hadm_id'],
  ['icustays', 'stay_id'],
  ['poe', 'poe_id'],
] as const;

/**
 * MIMIC-IV 2.2 or 3.1 in its published layout (`hosp/`, `icu/`, and `note/` where there is one), `.csv` or `.csv.gz`, as a
 * source of training sets. Every compressed file is read through to its checksum while the tables are scanned.
 * Throws ERR_DATASET naming the table, column, item or line that does not fit.
 */
export async function openMimicIvCohort(directory: string): Promise<CohortSource> {
  const files = await layoutFiles(directory);
  const { connection, close } = await openScanDatabase();
  try {
    const absentItems = await assertItemLabels(connection, directory);
    const rejections = new Map<string, number>();
    const integrity = verifyAll([...files.values()]);
    return {
      about: about(files, absentItems),
      facts: async () => {
        rejections.clear();
        const reject = (words: string): void => {
          rejections.set(words, (rejections.get(words) ?? 0) + 1);
        };
        await loadSmallTables(connection, files);
        await dropCopies(connection, reject);
        return factsFromTables(connection, reject);
      },
      stage: async (request) => {
        const report = await stage(connection, files, request);
        await integrity;
        return { ...report, rejections: { ...Object.fromEntries(rejections), ...report.rejections } };
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

type Files = ReadonlyMap<string, CsvFile>;

async function layoutFiles(directory: string): Promise<Files> {
  const files = new Map<string, CsvFile>();
  for (const table of TABLE_NAMES) {
    const { path, columns }: TableLayout = MIMIC_LAYOUT[table];
    files.set(table, await requireCsv(directory, path, columns));
  }
  for (const [table, { path, columns }] of Object.entries(NOTE_LAYOUT)) {
    if (await findCsv(directory, path)) files.set(table, await requireCsv(directory, path, columns));
  }
  return files;
}

/** One after the other, beside the scans; a damaged file is reported when the staging ends. */
function verifyAll(files: readonly CsvFile[]): Promise<void> {
  const checked = (async () => {
    for (const file of files) await verifyGzip(file);
  })();
  checked.catch(() => undefined);
  return checked;
}

function about(files: Files, absentItems: readonly string[]): SourceAbout {
  const notes = ['radiology', 'discharge'].filter((table) => files.has(table));
  return {
    source: 'mimic-iv',
    title: 'MIMIC-IV',
    version: files.get('admissions')?.header.includes('admit_provider_id') === true ? '2.2 or later' : 'before 2.2',
    citation:
      'Johnson A, Bulgarelli L, Pollard T, Gow B, Moody B, Horng S, Celi LA, Mark R. MIMIC-IV. PhysioNet. https://doi.org/10.13026/kpb9-mt58',
    licence: 'PhysioNet Credentialed Health Data License 1.5.0; the demo: ODbL 1.0',
    deathsSeen: 'any',
    sameDayDeath: 'event',
    clockOffsetMs: Number(MIMIC_OFFSET.slice(0, 3)) * HOUR_MS,
    caveats: [
      'Dates of death outside hospital are dates; none is recorded later than one year after the last discharge.',
      'Vital signs, bedside charting, drugs, blood given and life support are charted in ICU stays only: before and outside them (in_icu false) they are not in the data, and a count of 0 says nothing.',
      'Oxygen devices charted as words (226732) are not read: high-flow oxygen, oxygen therapy and tracheostomy are seen through FiO2, flow and ventilation rows only.',
      'Procedures count as known from their start: their store time is that of the last edit.',
      notes.length === 0 ? 'No note tables: the notes modality is empty.' : `Notes: ${notes.join(' and ')}.`,
      ...(absentItems.length === 0 ? [] : [`Items this release does not have: ${absentItems.join('; ')}.`]),
    ],
    columnsRead: [
      ...TABLE_NAMES.flatMap((table) => MIMIC_LAYOUT[table].columns.map((column) => `${table}.${column}`)),
      ...notes.flatMap((table) => NOTE_LAYOUT.radiology.columns.map((column) => `${table}.${column}`)),
    ],
  };
}

/** The tables that decide on indexes and outcomes, into the connection. */
async function loadSmallTables(connection: DuckDBConnection, files: Files): Promise<void> {
  for (const table of ['patients', 'admissions', 'icustays', 'poe'] as const) {
    const { columns, where }: TableLayout = MIMIC_LAYOUT[table];
    await load(connection, table, fileOf(files, table), columns, where);
  }
  for (const [table, column] of UNIQUE) await assertUnique(connection, table, column, fileOf(files, table));
  const blood = bloodItems.map((item) => `'${item}'`).join(',');
  await load(
    connection,
    'blood_inputs',
    fileOf(files, 'inputevents'),
    MIMIC_LAYOUT.inputevents.columns,
    `statusdescription IS DISTINCT FROM 'Rewritten' AND itemid IN (${blood})`,
  );
}

/** A blood product charted twice, cell for cell, was given once. */
async function dropCopies(connection: DuckDBConnection, reject: (words: string) => void): Promise<void> {
  const count = async (): Promise<number> =>
    Number((await connection.runAndReadAll('SELECT count(*) FROM blood_inputs')).getRows()[0]?.[0]);
  const before = await count();
  await connection.run('CREATE OR REPLACE TEMP TABLE blood_inputs AS SELECT DISTINCT * FROM blood_inputs');
  for (let copies = before - (await count()); copies > 0; copies--) reject('icu/inputevents: a blood product twice');
}

async function load(
  connection: DuckDBConnection,
  name: string,
  file: CsvFile,
  columns: readonly string[],
  where: string | undefined,
): Promise<void> {
  try {
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE ${name} AS SELECT ${columns.join(', ')} FROM ${scanOf(file)} ${where === undefined ? '' : `WHERE ${where}`}`,
    );
  } catch (cause) {
    throw await csvFault(file, cause);
  }
}

async function assertUnique(connection: DuckDBConnection, table: string, column: string, file: CsvFile): Promise<void> {
  const twice = await connection.runAndReadAll(
    `SELECT ${column} FROM ${table} GROUP BY 1 HAVING count(*) > 1 OR ${column} IS NULL ORDER BY 1 LIMIT 1`,
  );
  const [row] = twice.getRows();
  if (!row) return;
  const numbered = await connection.runAndReadAll(
    `SELECT line FROM (SELECT row_number() OVER () + 1 AS line, ${column} AS id FROM ${scanOf(file)}) WHERE id IS NOT DISTINCT FROM $id ORDER BY line LIMIT 2`,
    { id: row[0] ?? null },
  );
  const lines = numbered.getRows().map(([line]) => String(line));
  throw new ServiceError('ERR_DATASET', {
    detail: `${file.name}: ${row[0] === null ? `line ${lines[0] ?? ''} has no ${column}` : `lines ${lines.join(' and ')} have the same ${column}`}`,
  });
}

async function stage(connection: DuckDBConnection, files: Files, request: StageRequest): Promise<StageReport> {
  await connection.run(`SET temp_directory = '${join(request.folder, 'duckdb').replaceAll("'", "''")}'`);
  await loadWanted(connection, request.wanted);
  const rows: Record<string, number> = {};
  for (const table of STAGED_TABLES) {
    const file = files.get(table);
    if (!file) continue;
    request.onProgress?.(`filtering ${file.name}`);
    rows[table] = await stageTable(connection, table, file, request.folder);
  }
  return { rows, rejections: {}, comfortCareMs: await comfortCare(connection, request.folder, rows) };
}

async function comfortCare(
  connection: DuckDBConnection,
  folder: string,
  rows: Readonly<Record<string, number>>,
): Promise<ReadonlyMap<string, number>> {
  if ((rows['chartevents'] ?? 0) === 0) return new Map();
  const path = `${join(folder, 'chartevents').replaceAll("'", "''")}/*/*.parquet`;
  const found = await connection.runAndReadAll(
    `SELECT subject_id, min(charttime) FROM read_parquet('${path}') WHERE itemid = '${CODE_STATUS_ITEM}' GROUP BY 1 ORDER BY 1`,
  );
  return new Map(
    found.getRows().flatMap(([subject, time]): [string, number][] => {
      const ms = mimicMs(time === null ? null : String(time));
      return ms === undefined ? [] : [[patientIdOf(String(subject)), ms]];
    }),
  );
}

function fileOf(files: Files, table: string): CsvFile {
  const file = files.get(table);
  if (!file) throw new ServiceError('ERR_DATASET', { detail: `${table} is missing in the MIMIC-IV folder` });
  return file;
}
