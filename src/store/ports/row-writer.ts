import type { AnsweredCall } from '../../assessment/answered-call.js';
import type { CardFeedback, FeedbackReceipt } from '../../cds-hooks/feedback.js';
import { logEvent, type Log } from '../../logging/logger.js';
import type { Pseudonyms, Scope } from '../keys/pseudonyms.js';
import type { StoreLink } from '../link/store-link.js';
import { isRefusedRow } from '../link/store-outage.js';
import { assessmentRow, type PatientIdentity } from '../rows/assessment-row.js';
import { feedbackRow, type FeedbackText } from '../rows/feedback-row.js';
import type { Spool } from '../spool/spool.js';
import type { SpoolEntry } from '../spool/spool-line.js';
import { logWrite } from '../log-write.js';
import { sqlState } from '../sql/sql-state.js';
import type { Sql } from '../sql/sql.js';
import { insertAssessment } from '../tables/assessment-table.js';
import { insertFeedback } from '../tables/feedback-table.js';

export interface RowWriter {
  save(link: StoreLink, call: AnsweredCall): Promise<void>;
  saveFeedback(link: StoreLink, scope: Scope, items: readonly CardFeedback[]): Promise<FeedbackReceipt>;
  /** Brings what waits in the spool into the database. Throws when the database fails; what is left goes on waiting. */
  replay(sql: Sql): Promise<void>;
  /** Brings the oldest row that waits into the database: shows whether it takes rows at all. */
  replayFirst(sql: Sql): Promise<void>;
  /** Resolves when no replay is under way. */
  settled(): Promise<void>;
}

export interface RowWriterDeps {
  /** undefined: a row that cannot be kept fails its call. */
  readonly spool: Spool | undefined;
  readonly pseudonyms: Pseudonyms;
  readonly clock: () => number;
  readonly log: Log;
}

/** Writes rows into the database, or into the spool while there is none. */
export function createRowWriter({ spool, pseudonyms, clock, log }: RowWriterDeps): RowWriter {
  let replaying: Promise<void> = Promise.resolve();

  const apply = async (sql: Sql, entry: SpoolEntry): Promise<void> => {
    try {
      await keepEntry(sql, entry, pseudonyms);
    } catch (error) {
      if (!isRefusedRow(error)) throw error;
      await spool?.setAside(entry);
      logEvent(log, 'store.row-refused', { kind: entry.row.kind, state: sqlState(error) });
    }
  };
  const replay = (sql: Sql): Promise<void> => {
    const next = replaying.then(async () => {
      if (!spool || spool.waiting() === 0) return;
      await spool.drain(async (entry) => {
        await apply(sql, entry);
        logEvent(log, 'store.spool', { depth: spool.waiting() });
      });
      logEvent(log, 'store.spool', { depth: spool.waiting() });
    });
    replaying = next.catch(() => undefined);
    return next;
  };
  /** In the database, or else durable in the spool; undefined then. */
  const keep = async <T>(
    link: StoreLink,
    entry: () => SpoolEntry,
    work: (sql: Sql) => Promise<T>,
  ): Promise<T | undefined> => {
    if (!spool) return link.run(work);
    if (link.isUp()) {
      try {
        return await link.run(work);
      } catch (error) {
        const cause = error instanceof Error ? error.cause : error;
        if (!isRefusedRow(cause)) link.distrust(cause);
      }
    }
    const waiting = entry();
    await spool.append(waiting);
    logEvent(log, 'store.spooled', { kind: waiting.row.kind, waiting: spool.waiting() });
    // The database may have come back since: nobody else would fetch this row then.
    if (link.isUp()) void link.run(replay).catch(() => undefined);
    return undefined;
  };

  return {
    replay,
    async replayFirst(sql) {
      const oldest = await spool?.first();
      try {
        if (oldest) await keepEntry(sql, oldest, pseudonyms);
      } catch (error) {
        if (!isRefusedRow(error)) throw error;
      }
    },
    settled: () => replaying,
    async save(link, call) {
      await logWrite(log, async () => {
        const { row, identity } = assessmentRow(call, pseudonyms);
        const kept = await keep(
          link,
          () => ({ row, sealed: pseudonyms.seal(JSON.stringify(identity)) }),
          async (sql) => {
            await insertAssessment(sql, row, identity);
            return 'database' as const;
          },
        );
        return kept ?? 'spool';
      });
    },
    async saveFeedback(link, scope, items) {
      const receipt = { kept: 0, repeated: 0, unknownCards: 0 };
      for (const item of items) {
        const { row, text } = feedbackRow(scope, item, clock());
        const kept = await keep(
          link,
          () => ({ row, sealed: pseudonyms.seal(JSON.stringify(text)) }),
          (sql) => insertFeedback(sql, row, text),
        );
        if (kept?.isNew === false) receipt.repeated += 1;
        else receipt.kept += 1;
        if (kept?.isNew === true && !kept.isKnown) receipt.unknownCards += 1;
      }
      return receipt;
    },
  };
}

async function keepEntry(sql: Sql, { row, sealed }: SpoolEntry, pseudonyms: Pseudonyms): Promise<void> {
  const clear = sealed === undefined ? undefined : pseudonyms.unseal(sealed);
  // Sealed by this writer, from values of these types: this is the parser.
  if (row.kind === 'assessment') {
    await insertAssessment(sql, row, clear === undefined ? undefined : (JSON.parse(clear) as PatientIdentity));
  } else await insertFeedback(sql, row, clear === undefined ? {} : (JSON.parse(clear) as FeedbackText));
}
