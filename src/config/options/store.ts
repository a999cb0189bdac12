import type { ConfigOption } from './config-option.js';
import { asNumber, asText, boolean, oneOf } from './option-kinds.js';

/** Where assessments are kept. */
export interface StoreConfig {
  /** Given, it wins over `store`. May hold a password. */
  readonly databaseUrl?: string;
  readonly store: 'embedded' | 'memory';
  readonly storeDir: string;
  readonly storeSync: boolean;
  readonly storeFailure: 'spool' | 'refuse';
  /** Not set: `spool.ndjson` in `storeDir`. */
  readonly spoolFile?: string;
  readonly retentionDays: number;
  /** Not set: one that is made in the folder of the embedded store. */
  readonly pseudonymKeysFile?: string;
  readonly storeCapacity: number;
}

const path = { read: asText, schema: { type: 'string', minLength: 1 } };

export const STORE_OPTIONS: readonly ConfigOption[] = [
  {
    key: 'databaseUrl',
    variable: 'DATABASE_URL',
    read: asText,
    schema: { type: 'string', pattern: '^postgres(ql)?://\\S+$' },
    form: 'a postgresql:// URL',
    isSecret: true,
    description:
      'PostgreSQL that keeps assessments, feedback, clients and switches; wins over `HEMOLENS_STORE`. Needs `HEMOLENS_PSEUDONYM_KEYS_FILE`.',
  },
  {
    key: 'store',
    variable: 'HEMOLENS_STORE',
    ...oneOf(['embedded', 'memory']),
    fallback: { value: 'embedded' },
    description:
      'Without PostgreSQL: `embedded` keeps everything in a folder, for one process; `memory` keeps nothing and is for development.',
  },
  {
    key: 'storeDir',
    variable: 'HEMOLENS_STORE_DIR',
    ...path,
    form: 'a folder',
    fallback: { value: 'hemolens-store' },
    description:
      'Folder of the embedded store, its pseudonym keys and the spool; made, for this user alone, when it is not there.',
  },
  {
    key: 'storeSync',
    variable: 'HEMOLENS_STORE_SYNC',
    ...boolean,
    fallback: { value: false },
    description:
      'Whether the embedded store waits for the disk at every write. Not waiting loses nothing when the process is killed, but may when the power fails; waiting holds the service up. PostgreSQL always waits.',
  },
  {
    key: 'storeFailure',
    variable: 'HEMOLENS_STORE_FAILURE',
    ...oneOf(['spool', 'refuse']),
    fallback: { value: 'spool' },
    description:
      'What becomes of a call while the database cannot be reached: `spool` answers it and keeps its row in a local file until the database is back, `refuse` answers with a fault.',
  },
  {
    key: 'spoolFile',
    variable: 'HEMOLENS_SPOOL_FILE',
    ...path,
    form: 'a file',
    description: 'That file, one for each process. Not set: `spool.ndjson` in `HEMOLENS_STORE_DIR`.',
  },
  {
    key: 'retentionDays',
    variable: 'HEMOLENS_RETENTION_DAYS',
    read: asNumber,
    schema: { type: 'integer', minimum: 1, maximum: 36_500 },
    form: 'a whole number from 1 to 36500',
    fallback: { value: 365 },
    description: 'How many days assessments are kept; `hemolens store purge` removes older ones.',
  },
  {
    key: 'pseudonymKeysFile',
    variable: 'HEMOLENS_PSEUDONYM_KEYS_FILE',
    ...path,
    form: 'a file',
    description:
      "Keys of the patients' pseudonyms, readable by this user alone. Not set: the embedded store makes its own in its folder; PostgreSQL needs one.",
  },
  {
    key: 'storeCapacity',
    variable: 'HEMOLENS_STORE_CAPACITY',
    read: asNumber,
    schema: { type: 'integer', minimum: 1, maximum: 100_000 },
    form: 'a whole number from 1 to 100000',
    fallback: { value: 200 },
    description: 'How many assessments the store in memory keeps.',
  },
];
