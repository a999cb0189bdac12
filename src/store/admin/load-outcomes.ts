import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ServiceError } from '../../errors/service-error.js';
import { timestamp } from '../sql/row-values.js';
import type { Sql } from '../sql/sql.js';
import { recordAudit } from './audit.js';

export interface LoadedOutcomes {
  readonly loaded: number;
  /** Lines about assessments that are not there (any more). */
  readonly unknown: number;
}

interface OutcomeLine {
  readonly assessmentId: string;
  readonly diedWithin7Days: boolean;
}

const HEADER = 'assessment_id,died_within_7_days';

/**
 * Loads deaths and survivals at day 7, all of a file or nothing: CSV with the header `assessment_id,died_within_7_days`
 * (true, false, 1 or 0), or NDJSON with the same members. A later file corrects an earlier one. Throws ServiceError ERR_STORE naming the first line that does not fit, without its content.
 */
export async function loadOutcomes(sql: Sql, file: string, nowMs: number): Promise<LoadedOutcomes> {
  const outcomes = await readOutcomes(file);
  return sql.transaction(async (tx) => {
    let loaded = 0;
    for (const { assessmentId, diedWithin7Days } of outcomes) {
      const rows = await tx.query(
        `INSERT INTO outcome (assessment_id, died_within_7_days, loaded_at)
         SELECT id, $2, $3::text::timestamptz FROM assessment WHERE id = $1
         ON CONFLICT (assessment_id) DO UPDATE SET died_within_7_days = excluded.died_within_7_days, loaded_at = excluded.loaded_at
         RETURNING assessment_id`,
        [assessmentId, diedWithin7Days, timestamp(nowMs)],
      );
      loaded += rows.length;
    }
    const result = { loaded, unknown: outcomes.length - loaded };
    await recordAudit(tx, { action: 'load-outcomes', agent: 'command', detail: { ...result } }, nowMs);
    return result;
  });
}

async function readOutcomes(file: string): Promise<readonly OutcomeLine[]> {
  const outcomes: OutcomeLine[] = [];
  let number = 0;
  let isCsv = false;
  const source = createReadStream(file, 'utf8');
  const unreadable = new Promise<never>((_resolve, reject) => {
    source.once('error', (cause) => reject(refused(`${file} cannot be read`, cause)));
  });
  const read = async (): Promise<readonly OutcomeLine[]> => {
    for await (const text of createInterface({ input: source, crlfDelay: Infinity })) {
      number += 1;
      const line = text.replace(/^\ufeff/, '').trim();
      if (number === 1 && !line.startsWith('{')) {
        isCsv = line.toLowerCase().replace(/["\s]/g, '') === HEADER;
        if (!isCsv) throw refused(`${file} line 1: a CSV file begins with '${HEADER}', NDJSON with '{'`);
      } else if (line !== '') {
        const outcome = isCsv ? csvOutcome(line) : jsonOutcome(line);
        if (!outcome) {
          throw refused(`${file} line ${number}: needs assessment_id and died_within_7_days (true, false, 1 or 0)`);
        }
        outcomes.push(outcome);
      }
    }
    return outcomes;
  };
  return Promise.race([read(), unreadable]);
}

function csvOutcome(line: string): OutcomeLine | undefined {
  const [assessmentId, died, ...more] = line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  return more.length === 0 ? outcomeOf(assessmentId, died) : undefined;
}

function jsonOutcome(line: string): OutcomeLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('assessment_id' in value) || !('died_within_7_days' in value)) return undefined;
    return outcomeOf(value.assessment_id, value.died_within_7_days);
  } catch {
    return undefined;
  }
}

const DIED = new Map<unknown, boolean>([
  ...[true, 'true', '1', 1].map((value) => [value, true] as const),
  ...[false, 'false', '0', 0].map((value) => [value, false] as const),
]);

function outcomeOf(assessmentId: unknown, died: unknown): OutcomeLine | undefined {
  const diedWithin7Days = DIED.get(typeof died === 'string' ? died.toLowerCase() : died);
  if (typeof assessmentId !== 'string' || assessmentId === '' || diedWithin7Days === undefined) return undefined;
  return { assessmentId, diedWithin7Days };
}

function refused(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('ERR_STORE', { detail, cause });
}
