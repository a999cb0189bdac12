import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { quoted } from '../../csv/csv-file.js';
import type { FilingTime, SourceChart } from '../../cohort-source.js';
import type { Row } from './csv-layout.js';
import { filingOfRows } from './filing.js';
import { noteDocuments, noteFiling, noteRejections } from './note-documents.js';
import { readPatientRows, type PatientRows } from './patient-rows.js';
import { recordFromRows } from './record-from-rows.js';
import { patientIdOf } from './resources-from-rows.js';
import { layoutOf, STAGED_TABLES, type StagedTable } from './stage-tables.js';

/** The charts of one shard, ascending by chart id. Only rows that some index of the chart may look back to are in them. */
export async function* readStagedMimicIv(folder: string, shard: number): AsyncGenerator<SourceChart> {
  const tables = await loadShard(folder, shard);
  const rowsOf = (table: StagedTable, subjectId: string): readonly Row[] => tables.get(table)?.get(subjectId) ?? [];
  const patients = [...(tables.get('patients') ?? new Map<string, readonly Row[]>())]
    .map(([subjectId, [patient = {}]]) => ({ subjectId, patient, chartId: patientIdOf(subjectId) }))
    .sort((a, b) => (a.chartId < b.chartId ? -1 : 1));
  for (const { subjectId, patient, chartId } of patients) {
    const rows = await readPatientRows(
      { rowsOf: (table, subject) => Promise.resolve(rowsOf(table, subject)) },
      subjectId,
      patient,
    );
    const notes = { radiology: rowsOf('radiology', subjectId), discharge: rowsOf('discharge', subjectId) };
    const filing = new Map<string, FilingTime>([...filingOfRows(rows), ...noteFiling(notes, rows.admissions)]);
    yield {
      chartId,
      record: recordFromRows(rows, [], noteDocuments(notes, rows.admissions)),
      filing,
      withoutFilingTime: rows.withoutStoreTime,
      unitsCharted: unitsCharted(rows),
      rejections: { ...rows.rejections, ...noteRejections(notes, rows.admissions) },
    };
  }
}

function unitsCharted({ numbers }: PatientRows): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { concept, unit } of numbers) {
    const key = `${concept.key} ${unit ?? 'none'}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

async function loadShard(folder: string, shard: number): Promise<Map<StagedTable, Map<string, readonly Row[]>>> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const tables = new Map<StagedTable, Map<string, readonly Row[]>>();
    for (const table of STAGED_TABLES) tables.set(table, await loadTable(connection, folder, table, shard));
    return tables;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function loadTable(
  connection: DuckDBConnection,
  folder: string,
  table: StagedTable,
  shard: number,
): Promise<Map<string, readonly Row[]>> {
  const part = join(folder, table, `shard=${shard}`);
  const grouped = new Map<string, Row[]>();
  if (!existsSync(part) || (await readdir(part)).length === 0) return grouped;
  const columns = layoutOf(table).columns.join(', ');
  const reader = await connection.runAndReadAll(
    `SELECT ${columns} FROM read_parquet(${quoted(`${part}/*.parquet`)}, hive_partitioning = false) ORDER BY ALL`,
  );
  for (const row of reader.getRowObjects() as unknown as readonly Row[]) {
    const subject = row['subject_id'] ?? '';
    const list = grouped.get(subject);
    if (list) list.push(row);
    else grouped.set(subject, [row]);
  }
  return grouped;
}
