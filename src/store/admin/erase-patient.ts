import type { Pseudonyms, Scope } from '../keys/pseudonyms.js';
import { textArray, textOf } from '../sql/row-values.js';
import type { Sql, SqlRunner } from '../sql/sql.js';
import { recordAudit } from './audit.js';
import { count } from './purge.js';

export interface ErasedPatient {
  readonly assessments: number;
  readonly feedback: number;
  readonly identities: number;
}

/** Whose patient: of a tenant ('' for clients that have none), at one client or at every client that has it. */
export interface ErasureSubject {
  readonly tenant: string;
  readonly clientId?: string;
  readonly patientId: string;
}

/**
 * Removes everything about one patient: assessments, cards, feedback with its comments, outcomes, and the clear identifier;
 * stored under any key that is still in the key file. The audit trail says that it was done, not about whom.
 */
export async function erasePatient(
  sql: Sql,
  pseudonyms: Pseudonyms,
  subject: ErasureSubject,
  nowMs: number,
): Promise<ErasedPatient> {
  return sql.transaction(async (tx) => {
    const erased = { assessments: 0, feedback: 0, identities: 0 };
    for (const scope of await scopesOf(tx, subject)) {
      const names = textArray(pseudonyms.allOf(scope, 'patient', subject.patientId));
      const of = [scope.clientId, scope.tenant, names] as const;
      const mine = 'client_id = $1 AND tenant = $2 AND patient_pseudonym = ANY ($3::text::text[])';
      erased.feedback += await count(
        tx,
        `DELETE FROM feedback WHERE card_id IN (SELECT card.id FROM card JOIN assessment ON assessment.id = card.assessment_id
           WHERE assessment.client_id = $1 AND assessment.tenant = $2 AND patient_pseudonym = ANY ($3::text::text[]))`,
        ...of,
      );
      erased.assessments += await count(tx, `DELETE FROM assessment WHERE ${mine}`, ...of);
      erased.identities += await count(tx, `DELETE FROM patient_identity WHERE ${mine}`, ...of);
    }
    await recordAudit(tx, { action: 'erase-patient', agent: 'command', detail: erased }, nowMs);
    return erased;
  });
}

async function scopesOf(tx: SqlRunner, { tenant, clientId }: ErasureSubject): Promise<readonly Scope[]> {
  const rows = await tx.query(
    `SELECT client_id FROM assessment WHERE tenant = $1 UNION SELECT client_id FROM patient_identity WHERE tenant = $1`,
    [tenant],
  );
  return rows
    .map((row) => ({ clientId: textOf(row, 'client_id'), tenant }))
    .filter((scope) => clientId === undefined || scope.clientId === clientId);
}
