import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { FeatureSpec } from '../../features/feature-spec.js';
import { quoted } from '../csv/csv-file.js';
import { identifier, TENSOR_FILES } from './write-shard.js';

/** A distribution of the newest values of one concept, in canonical units. */
export interface Distribution {
  readonly concept: string;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
  readonly n: number;
}

/** Figures read back from the finished files. */
export interface DatasetFigures {
  /** By concept: episodes in which it is observed, absent, and unavailable. */
  readonly states: Readonly<Record<string, readonly [number, number, number]>>;
  readonly constantColumns: readonly string[];
  readonly distributions: readonly Distribution[];
}

const BINS = 24;

/**
 * Joins the shards' tensor files into one of each, in the order given by `episodeIds`; episodes that are not in it are left
 * out. One thread and a fixed order, so that the same episodes give the same bytes whatever the shards were.
 */
export async function joinShards(
  shards: readonly string[],
  target: string,
  episodeIds: readonly string[],
  spec: FeatureSpec,
): Promise<DatasetFigures> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '3GB' });
  const connection = await instance.connect();
  try {
    await connection.run(`SET temp_directory = ${quoted(join(target, 'duckdb'))}`);
    await connection.run('CREATE TABLE chosen (episode_id VARCHAR, n INTEGER)');
    const appender = await connection.createAppender('chosen');
    episodeIds.forEach((id, n) => {
      appender.appendVarchar(id);
      appender.appendInteger(n);
      appender.endRow();
    });
    appender.closeSync();
    for (const file of TENSOR_FILES) {
      const parts = shards.map((shard) => quoted(join(shard, `${file}.parquet`))).join(', ');
      const order = file === 'notes' ? 'c.n, t.chunk' : 'c.n';
      await connection.run(
        `COPY (SELECT t.* FROM read_parquet([${parts}]) t JOIN chosen c USING (episode_id) ORDER BY ${order})
         TO ${quoted(join(target, `${file}.parquet`))} (FORMAT parquet, COMPRESSION zstd)`,
      );
    }
    return await figures(connection, target, spec);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function figures(connection: DuckDBConnection, target: string, spec: FeatureSpec): Promise<DatasetFigures> {
  const rowOf = async (sql: string): Promise<readonly unknown[]> =>
    (await connection.runAndReadAll(sql)).getRows()[0] ?? [];
  const from = (file: string): string => `FROM read_parquet(${quoted(join(target, `${file}.parquet`))})`;
  const counts = await rowOf(
    `SELECT ${spec.states.flatMap((key) => [0, 1, 2].map((state) => `count(*) FILTER (${identifier(key)} = ${state})`)).join(', ')} ${from('states')}`,
  );
  const states = Object.fromEntries(
    spec.states.map((key, index) => [
      key,
      [Number(counts[index * 3]), Number(counts[index * 3 + 1]), Number(counts[index * 3 + 2])] as const,
    ]),
  );
  // NaN compares as the greatest number and equal to itself: one distinct value, or none at all, is constant.
  const distinct = await rowOf(
    `SELECT ${spec.tabular.map(({ name }) => `min(${identifier(name)}) IS NOT DISTINCT FROM max(${identifier(name)})`).join(', ')} ${from('tabular')}`,
  );
  const constantColumns = spec.tabular.flatMap(({ name }, index) => (distinct[index] === true ? [name] : []));
  const distributions: Distribution[] = [];
  for (const column of spec.tabular) {
    if (column.kind !== 'statistic' || column.statistic !== 'last') continue;
    const found = await distribution(rowOf, column.concept, identifier(column.name), from('tabular'));
    if (found) distributions.push(found);
  }
  return { states, constantColumns, distributions };
}

async function distribution(
  rowOf: (sql: string) => Promise<readonly unknown[]>,
  concept: string,
  column: string,
  from: string,
): Promise<Distribution | undefined> {
  const known = `${from} WHERE NOT isnan(${column})`;
  const [n, low, q1, median, q3, high] = (
    await rowOf(
      `SELECT count(*), ${[0.01, 0.25, 0.5, 0.75, 0.99].map((q) => `quantile_cont(${column}::DOUBLE, ${q})`).join(', ')} ${known}`,
    )
  ).map((value) => (value === null ? NaN : Number(value)));
  if (n === undefined || n === 0 || low === undefined || high === undefined) return undefined;
  const width = high > low ? (high - low) / BINS : 1;
  const bin = `least(${BINS - 1}, greatest(0, floor((${column}::DOUBLE - ${low}) / ${width})))`;
  const counts = await rowOf(
    `SELECT ${Array.from({ length: BINS }, (_, index) => `count(*) FILTER (${bin} = ${index})`).join(', ')} ${known}`,
  );
  return {
    concept,
    edges: Array.from({ length: BINS + 1 }, (_, index) => rounded(low + index * width)),
    counts: counts.map(Number),
    median: rounded(median),
    q1: rounded(q1),
    q3: rounded(q3),
    n,
  };
}

/** Six digits: what a reader needs, and no more than every version of the arithmetic agrees on. */
function rounded(value: number | undefined): number {
  return Number((value ?? NaN).toPrecision(6));
}
