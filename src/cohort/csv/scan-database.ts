import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** DuckDB's share of memory; what does not fit goes to disk. */
const MEMORY_LIMIT = '2GB';

/**
 * Joins are built on their right side, as they are written: it is the short list of wanted charts. The optimizer cannot know how
 * many rows a CSV file has, takes it for the shorter side, and holds all of it (3 GB at a tenth of MIMIC-IV, 0.6 GB so).
 */
const JOINS_AS_WRITTEN = 'join_order,build_side_probe_side';

export interface ScanDatabase {
  readonly connection: DuckDBConnection;
  readonly close: () => void;
}

/** An empty database in memory for scanning big CSV tables. */
export async function openScanDatabase(): Promise<ScanDatabase> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY_LIMIT,
    disabled_optimizers: JOINS_AS_WRITTEN,
  });
  const connection = await instance.connect();
  return {
    connection,
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
