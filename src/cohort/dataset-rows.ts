import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api';
import { ServiceError } from '../errors/service-error.js';
import type { FeatureSpec } from '../features/feature-spec.js';
import type { FeatureTensors } from '../features/feature-tensors.js';
import { parseFeatureSpec } from '../features/parse-feature-spec.js';
import { DONE } from './build/build-folder.js';
import { quoted } from './csv/csv-file.js';

/** The numbers of one episode as a finished dataset holds them. */
export interface DatasetRow {
  /** Shape [columns of the spec]; NaN where there is no value. */
  readonly tabular: Float32Array;
  /** Shape [states of the spec]. */
  readonly states: Uint8Array;
  /** Shape [tokens] each, newest first. */
  readonly conceptIds: Int32Array;
  readonly hoursBefore: Float32Array;
  readonly values: Float32Array;
}

export interface DatasetRows {
  readonly spec: FeatureSpec;
  readonly byEpisode: ReadonlyMap<string, DatasetRow>;
}

/** Reads a finished dataset back, all rows in memory: to compare it with another road. Throws ERR_DATASET when it is not finished. */
export async function readDatasetRows(folder: string): Promise<DatasetRows> {
  if (!existsSync(join(folder, DONE))) {
    throw new ServiceError('ERR_DATASET', { detail: `${folder} is not a finished dataset (no ${DONE})` });
  }
  const spec = parseFeatureSpec(JSON.parse(await readFile(join(folder, 'feature-spec.json'), 'utf8')));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const [tabular, states, series] = [
      await rowsById(connection, folder, 'tabular'),
      await rowsById(connection, folder, 'states'),
      await rowsById(connection, folder, 'series'),
    ];
    const byEpisode = new Map(
      [...tabular].map(([id, cells]): [string, DatasetRow] => {
        const [conceptIds, hoursBefore, values] = (series.get(id) ?? []).map(numbersOf);
        return [
          id,
          {
            tabular: Float32Array.from(cells, Number),
            states: Uint8Array.from(states.get(id) ?? [], Number),
            conceptIds: Int32Array.from(conceptIds ?? []),
            hoursBefore: Float32Array.from(hoursBefore ?? []),
            values: Float32Array.from(values ?? []),
          },
        ];
      }),
    );
    return { spec, byEpisode };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Names of the tensors in which a row is not the same bytes as the tensors mapped elsewhere; empty where all are. */
export function rowDifferences(row: DatasetRow, tensors: FeatureTensors): readonly string[] {
  const { conceptIds, hoursBefore, values, tokens } = tensors.series;
  const pairs: readonly (readonly [string, ArrayBufferView, ArrayBufferView])[] = [
    ['tabular', row.tabular, tensors.tabular],
    ['states', row.states, tensors.states],
    ['series.conceptIds', row.conceptIds, conceptIds.subarray(0, tokens)],
    ['series.hoursBefore', row.hoursBefore, hoursBefore.subarray(0, tokens)],
    ['series.values', row.values, values.subarray(0, tokens)],
  ];
  return pairs.filter(([, mine, other]) => !bytesOf(mine).equals(bytesOf(other))).map(([name]) => name);
}

async function rowsById(
  connection: DuckDBConnection,
  folder: string,
  file: string,
): Promise<ReadonlyMap<string, readonly DuckDBValue[]>> {
  const reader = await connection.runAndReadAll(
    `SELECT * FROM read_parquet(${quoted(join(folder, `${file}.parquet`))})`,
  );
  return new Map(reader.getRows().map(([id, ...cells]) => [String(id), cells]));
}

function numbersOf(cell: DuckDBValue): readonly number[] {
  return typeof cell === 'object' && cell !== null && 'items' in cell && Array.isArray(cell.items)
    ? cell.items.map(Number)
    : [];
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
