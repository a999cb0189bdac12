/** What may be sent as a parameter. Arrays, JSON and times go as text and are cast in the statement: one dialect for both engines. */
export type SqlValue = string | number | boolean | null;
export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlRunner {
  /** Rows of one statement with parameters `$1`, `$2` … Throws the engine's error, whose `code` is a SQLSTATE where it has one. */
  query(text: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

/** The database behind the store: PGlite in this process, PostgreSQL by URL, or PGlite in the process that holds the folder. */
export interface Sql extends SqlRunner {
  readonly engine: 'pglite' | 'postgresql';
  /** Commits when `run` resolves, rolls back when it throws. */
  transaction<T>(run: (tx: SqlRunner) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
