import { join } from 'node:path';
import {
  DuckDBInstance,
  FLOAT,
  INTEGER,
  LIST,
  listValue,
  type DuckDBAppender,
  type DuckDBConnection,
} from '@duckdb/node-api';
import type { FeatureSpec } from '../../features/feature-spec.js';
import { quoted } from '../csv/csv-file.js';
import { chunkId, type MappedEpisode } from './episode-rows.js';

/** The four tensor files of a dataset, each with one row (notes: one row a chunk) an episode. */
export const TENSOR_FILES = ['tabular', 'states', 'series', 'notes'] as const;
export type TensorFile = (typeof TENSOR_FILES)[number];

/** SQL columns of each file. `tabular`: the spec's columns as FLOAT, NaN for no value. */
export function columnsOf(file: TensorFile, spec: FeatureSpec): readonly string[] {
  const id = 'episode_id VARCHAR';
  switch (file) {
    case 'tabular':
      return [id, ...spec.tabular.map(({ name }) => `${identifier(name)} FLOAT`)];
    case 'states':
      return [id, ...spec.states.map((key) => `${identifier(key)} UTINYINT`)];
    case 'series':
      return [id, 'concept_ids INTEGER[]', 'hours_before FLOAT[]', '"values" FLOAT[]'];
    case 'notes':
      return [id, 'chunk INTEGER', 'chunk_id VARCHAR', 'kind VARCHAR', 'hours_before FLOAT', 'text VARCHAR'];
  }
}

/** An SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Writes mapped episodes as `tabular.parquet`, `states.parquet`, `series.parquet` and `notes.parquet` into the folder. */
export async function writeShard(folder: string, spec: FeatureSpec, episodes: Iterable<MappedEpisode>): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const appenders = {
      tabular: await openAppender(connection, 'tabular', spec),
      states: await openAppender(connection, 'states', spec),
      series: await openAppender(connection, 'series', spec),
      notes: await openAppender(connection, 'notes', spec),
    };
    for (const episode of episodes) append(appenders, episode);
    for (const file of TENSOR_FILES) {
      appenders[file].closeSync();
      await connection.run(
        `COPY ${file} TO ${quoted(join(folder, `${file}.parquet`))} (FORMAT parquet, COMPRESSION zstd)`,
      );
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function openAppender(
  connection: DuckDBConnection,
  file: TensorFile,
  spec: FeatureSpec,
): Promise<DuckDBAppender> {
  await connection.run(`CREATE TABLE ${file} (${columnsOf(file, spec).join(', ')})`);
  return connection.createAppender(file);
}

function append(
  { tabular, states, series, notes }: Readonly<Record<TensorFile, DuckDBAppender>>,
  { episodeId, tensors }: MappedEpisode,
): void {
  tabular.appendVarchar(episodeId);
  for (const value of tensors.tabular) tabular.appendFloat(value);
  tabular.endRow();
  states.appendVarchar(episodeId);
  for (const state of tensors.states) states.appendUTinyInt(state);
  states.endRow();
  const { conceptIds, hoursBefore, values, tokens } = tensors.series;
  series.appendVarchar(episodeId);
  series.appendList(listValue([...conceptIds.subarray(0, tokens)]), LIST(INTEGER));
  series.appendList(listValue([...hoursBefore.subarray(0, tokens)]), LIST(FLOAT));
  series.appendList(listValue([...values.subarray(0, tokens)]), LIST(FLOAT));
  series.endRow();
  tensors.notes.chunks.forEach(({ text, kind, hoursBefore: before }, chunk) => {
    notes.appendVarchar(episodeId);
    notes.appendInteger(chunk);
    notes.appendVarchar(chunkId(text));
    notes.appendVarchar(kind);
    notes.appendFloat(before);
    notes.appendVarchar(text);
    notes.endRow();
  });
}
