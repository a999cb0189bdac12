import { logEvent, type Log } from '../logging/logger.js';

/** Where an answered call went. */
export type WriteTarget = 'database' | 'memory' | 'spool';

/** Runs one save and says in the log where the call went, or that it went nowhere (`failed`), and how long that took. */
export async function logWrite(log: Log, save: () => Promise<WriteTarget>): Promise<void> {
  const startMs = performance.now();
  const written = (target: WriteTarget | 'failed'): void =>
    logEvent(log, 'store.written', { target, durationMs: Math.round((performance.now() - startMs) * 10) / 10 });
  try {
    written(await save());
  } catch (error) {
    written('failed');
    throw error;
  }
}
