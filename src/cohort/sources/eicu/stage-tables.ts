import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { csvFault } from '../../csv/csv-fault.js';
import { quoted, scanOf } from '../../csv/csv-file.js';
import type { StageReport, StageRequest } from '../../cohort-source.js';
import { readRows, type EicuFiles } from './eicu-files.js';
import { EXAM_ENTERED, layoutOf, STAGED_TABLES, type TableName } from './eicu-layout.js';
import { unitMinutes } from './eicu-time.js';
import { HOURLY_LABS, HOURLY_VITALS } from './hourly-layout.js';
import { saveStagedInfo } from './staged-info.js';
import type { IntakeShiftMinutes } from './transfusions.js';
import { chartIdOf, unitStaysOf } from './unit-stays.js';

const HOUR_MS = 3_600_000;
/** The longest look-back of any concept. */
const LOOK_BACK_MS = 720 * HOUR_MS;
/** Rows of the first hours after the last index come along too: the guards need a future to move. */
const FUTURE_MS = 6 * HOUR_MS;
const WHOLE_NUMBER = `'\\s*-?\\d+\\s*'`;

/** Tables that not every hospital uses. */
const VOLUNTARY: readonly TableName[] = ['infusiondrug', 'treatment', 'respiratoryCharting', 'pastHistory'];

/**
 * Filters every table to the wanted charts and to the time some index looks back to, one Parquet file set a table and shard.
 * Throws ERR_DATASET naming file and line; an offset that is no number is counted and its row left out when read.
 */
export async function stageEicu(
  connection: DuckDBConnection,
  files: EicuFiles,
  { wanted, folder, onProgress }: StageRequest,
  intakeShiftMinutes: IntakeShiftMinutes,
): Promise<StageReport> {
  await connection.run(`SET temp_directory = ${quoted(join(folder, 'duckdb'))}`);
  await loadWanted(connection, files, wanted);
  const rows: Record<string, number> = {};
  const rejectionsOfWanted: Record<string, number> = {};
  for (const table of STAGED_TABLES) {
    const file = files.tables.get(table);
    if (!file) continue;
    onProgress?.(`filtering ${file.name}`);
    rows[table] = await stageTable(connection, files, table, folder);
    if (rows[table] === 0) continue;
    Object.assign(rejectionsOfWanted, await badOffsets(connection, table, folder));
  }
  const hourly = {
    labs: files.hourly !== undefined && !files.tables.has('lab'),
    vitals: files.hourly !== undefined && !files.tables.has('vitalPeriodic'),
  };
  if (files.hourly !== undefined) rows['yaib_hourly'] = await stageHourly(connection, files.hourly, folder);
  const chartingHospitals: Partial<Record<TableName, readonly string[]>> = {};
  for (const table of VOLUNTARY) chartingHospitals[table] = await hospitalsOf(connection, files, table);
  await saveStagedInfo(folder, { intakeShiftMinutes, tables: [...files.tables.keys()], hourly, chartingHospitals });
  return { rows, rejections: {}, rejectionsOfWanted };
}

/** The unit stays of the wanted charts, their shards, and the minutes between which rows are needed. */
async function loadWanted(
  connection: DuckDBConnection,
  files: EicuFiles,
  wanted: StageRequest['wanted'],
): Promise<void> {
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE stays (stay VARCHAR, shard INTEGER, from_min BIGINT, to_min BIGINT); CREATE OR REPLACE TEMP TABLE sites (stay VARCHAR, hospital VARCHAR)',
  );
  const patients = await readRows(connection, files, 'patient');
  const byChart = new Map(wanted.map((chart) => [chart.chartId, chart]));
  const stays = await connection.createAppender('stays');
  const sites = await connection.createAppender('sites');
  for (const row of patients) {
    const [stay] = unitStaysOf([row]);
    if (!stay) continue;
    sites.appendVarchar(stay.unitStayId);
    sites.appendVarchar(row['hospitalid'] ?? '');
    sites.endRow();
    const chart = byChart.get(chartIdOf(row));
    if (!chart) continue;
    stays.appendVarchar(stay.unitStayId);
    stays.appendInteger(chart.shard);
    stays.appendBigInt(minute(unitMinutes(stay, Math.min(...chart.indexMs) - LOOK_BACK_MS)));
    stays.appendBigInt(minute(unitMinutes(stay, Math.max(...chart.indexMs) + FUTURE_MS)));
    stays.endRow();
  }
  stays.closeSync();
  sites.closeSync();
}

function minute(minutes: number): bigint {
  return BigInt(Math.round(minutes));
}

async function stageTable(
  connection: DuckDBConnection,
  { tables }: EicuFiles,
  table: TableName,
  folder: string,
): Promise<number> {
  const file = tables.get(table);
  if (!file) return 0;
  const { columns, where, offset } = layoutOf(table);
  const chosen = `SELECT ${columns.join(', ')} FROM ${scanOf(file)} ${where === undefined ? '' : `WHERE ${where}`}`;
  const own = columns.map((column) => `t.${column}`);
  const note = table === 'physicalExam' ? tables.get('note') : undefined;
  const entered =
    note === undefined
      ? ''
      : `LEFT JOIN (SELECT patientunitstayid, noteoffset, CAST(max(try_cast(noteenteredoffset AS BIGINT)) AS VARCHAR) AS ${EXAM_ENTERED}
           FROM ${scanOf(note)} GROUP BY ALL) n ON n.patientunitstayid = t.patientunitstayid AND n.noteoffset = t.physicalexamoffset`;
  const extra =
    table !== 'physicalExam' ? [] : [note === undefined ? `NULL::VARCHAR AS ${EXAM_ENTERED}` : `n.${EXAM_ENTERED}`];
  // Rows without a readable time come along, to be counted.
  const timed =
    offset === undefined
      ? table === 'pastHistory'
        ? 'WHERE coalesce(try_cast(t.pasthistoryenteredoffset AS BIGINT) <= s.to_min, true)'
        : ''
      : `WHERE coalesce(try_cast(t.${offset} AS BIGINT) BETWEEN s.from_min AND s.to_min, true)`;
  try {
    const result = await connection.run(
      `COPY (SELECT s.shard, ${[...own, ...extra].join(', ')} FROM (${chosen}) t JOIN stays s ON t.patientunitstayid = s.stay ${entered} ${timed})
       TO ${quoted(join(folder, table))} (FORMAT parquet, PARTITION_BY (shard), OVERWRITE_OR_IGNORE)`,
    );
    const [[count] = []] = await result.getRows();
    return Number(count ?? 0);
  } catch (cause) {
    throw await csvFault(file, cause);
  }
}

/** Rows whose offsets cannot be read, by `table: reason`: they have no place in time. */
async function badOffsets(
  connection: DuckDBConnection,
  table: TableName,
  folder: string,
): Promise<Readonly<Record<string, number>>> {
  const { offset, otherOffsets = [] } = layoutOf(table);
  const path = join(folder, table);
  const found: Record<string, number> = {};
  for (const column of offset === undefined ? otherOffsets : [offset, ...otherOffsets]) {
    const isMissing = column === offset || table === 'pastHistory' ? `${column} IS NULL OR ` : '';
    const reader = await connection.runAndReadAll(
      `SELECT count(*) FROM read_parquet(${quoted(`${path}/*/*.parquet`)}) WHERE ${isMissing}NOT regexp_full_match(${column}, ${WHOLE_NUMBER})`,
    );
    const count = Number(reader.getRows()[0]?.[0] ?? 0);
    if (count > 0) found[`${table}: ${column} is no whole number of minutes`] = count;
  }
  return found;
}

async function stageHourly(connection: DuckDBConnection, path: string, folder: string): Promise<number> {
  const columns = [...HOURLY_LABS, ...HOURLY_VITALS]
    .map(({ column }) => `CAST(t.${column} AS DOUBLE) AS ${column}`)
    .join(', ');
  const result = await connection.run(
    `COPY (SELECT s.shard, s.stay AS patientunitstayid, CAST(t.time // 3600 AS INTEGER) AS hour, ${columns}
       FROM read_parquet(${quoted(path)}) t JOIN stays s ON CAST(t.stay_id AS VARCHAR) = s.stay
       WHERE (t.time // 60) BETWEEN s.from_min AND s.to_min)
     TO ${quoted(join(folder, 'yaib_hourly'))} (FORMAT parquet, PARTITION_BY (shard), OVERWRITE_OR_IGNORE)`,
  );
  const [[count] = []] = await result.getRows();
  return Number(count ?? 0);
}

/** Hospitals with any row in a table, sorted. */
async function hospitalsOf(
  connection: DuckDBConnection,
  { tables }: EicuFiles,
  table: TableName,
): Promise<readonly string[]> {
  const file = tables.get(table);
  if (!file) return [];
  const reader = await connection.runAndReadAll(
    `SELECT DISTINCT s.hospital FROM ${scanOf(file)} t JOIN sites s ON t.patientunitstayid = s.stay ORDER BY 1`,
  );
  return reader.getRows().map(([hospital]) => String(hospital));
}
