import { ServiceError } from '../../errors/service-error.js';
import type { Sql } from '../sql/sql.js';
import { isOutage } from './store-outage.js';

/** The database as the service uses it: up, or down until a probe reaches it again. */
export interface StoreLink {
  isUp(): boolean;
  /** Throws ServiceError ERR_STORE at once while it is down, and when `work` fails. */
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Takes the database for down, so that the next probe goes through everything that has to be made good. */
  distrust(cause: unknown): void;
  close(): Promise<void>;
}

export interface StoreLinkOptions {
  readonly sql: Sql;
  readonly isUp: boolean;
  /** What has to be done before the database is used again; a throw leaves it down. */
  readonly makeGood: (sql: Sql) => Promise<void>;
  readonly onDown: (cause: unknown) => void;
  readonly onUp: (downMs: number) => void;
  readonly probeMs?: number;
}

/** Probes the database every half second while it is down. */
export function createStoreLink(options: StoreLinkOptions): StoreLink {
  const { sql, makeGood, onDown, onUp, probeMs = 500 } = options;
  let isUp = true;
  let downSince = 0;
  let timer: NodeJS.Timeout | undefined;
  let probe: Promise<void> | undefined;
  let isClosed = false;

  const tryAgain = async (): Promise<void> => {
    try {
      await sql.query('SELECT 1');
      await makeGood(sql);
      isUp = true;
      onUp(Math.round(performance.now() - downSince));
    } catch {
      schedule();
    }
  };
  const schedule = (): void => {
    if (isClosed) return;
    timer = setTimeout(() => {
      probe = tryAgain();
    }, probeMs);
    timer.unref();
  };
  const distrust = (cause: unknown): void => {
    if (!isUp) return;
    isUp = false;
    downSince = performance.now();
    onDown(cause);
    schedule();
  };
  if (!options.isUp) distrust(undefined);

  return {
    isUp: () => isUp,
    distrust,
    async run(work) {
      if (!isUp) throw new ServiceError('ERR_STORE', { detail: 'the store cannot be reached' });
      try {
        return await work(sql);
      } catch (cause) {
        if (cause instanceof ServiceError) throw cause;
        if (isOutage(cause)) distrust(cause);
        throw new ServiceError('ERR_STORE', { detail: 'the store could not be used', cause });
      }
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await probe;
      clearTimeout(timer);
      await sql.close();
    },
  };
}
