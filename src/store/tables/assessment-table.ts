import type { EarlierCard } from '../assessment-store.js';
import type { Scope } from '../keys/pseudonyms.js';
import { fhirBaseName, type AssessmentRow, type PatientIdentity } from '../rows/assessment-row.js';
import { numberOf, textArray, textOf, textsOf, timestamp } from '../sql/row-values.js';
import type { SqlRunner, SqlValue } from '../sql/sql.js';

/** Columns in the order of the parameters; those that are no plain text or number go as text and are cast. */
const CASTS: Readonly<Record<string, string>> = {
  id: '',
  hook_instance: '',
  client_id: '',
  tenant: '',
  patient_pseudonym: '',
  user_pseudonym: '',
  encounter_pseudonym: '',
  prediction_time: 'timestamptz',
  answered_at: 'timestamptz',
  products: 'text[]',
  orders: 'jsonb',
  order_references: 'text[]',
  in_icu: '',
  outcome_kind: '',
  not_scored_reason: '',
  tier: '',
  probability: '',
  calibrated_logit: '',
  base_learners: 'jsonb',
  modalities: 'jsonb',
  explanation: 'jsonb',
  display_kind: '',
  withheld_why: '',
  model_id: '',
  model_version: '',
  model_sha256: '',
  spec_id: '',
  tabular: 'real[]',
  concept_states: 'smallint[]',
  series_concepts: 'smallint[]',
  series_hours: 'real[]',
  series_values: 'real[]',
  inputs: 'jsonb',
  latency_ms: 'jsonb',
};
const COLUMNS = Object.keys(CASTS);
const PLACES = Object.values(CASTS).map((cast, index) => `$${index + 1}${cast === '' ? '' : `::text::${cast}`}`);
const N = COLUMNS.length;

// One statement, so one transaction and one round trip: the row, its cards and the identity are there together or not at all.
const SAVE = `
WITH kept AS (
  INSERT INTO assessment (${COLUMNS.join(', ')}) VALUES (${PLACES.join(', ')}) ON CONFLICT (id) DO NOTHING),
known AS (
  INSERT INTO patient_identity (client_id, tenant, patient_pseudonym, patient_id, fhir_base, first_seen)
  SELECT $3, $4, $5, $${N + 2}::text, $${N + 3}::text, $9::text::timestamptz WHERE $${N + 2}::text IS NOT NULL
  ON CONFLICT (client_id, tenant, patient_pseudonym) DO NOTHING)
INSERT INTO card (id, assessment_id) SELECT unnest($${N + 1}::text::text[]), $1 ON CONFLICT (id) DO NOTHING`;

/** Keeps one call; a row that is there already stays as it is. `identity` is missing where its seal could not be opened. */
export async function insertAssessment(
  sql: SqlRunner,
  { columns, cardIds }: AssessmentRow,
  identity: PatientIdentity | undefined,
): Promise<void> {
  const values: SqlValue[] = COLUMNS.map((column) => columns[column] ?? null);
  await sql.query(SAVE, [...values, textArray(cardIds), identity?.patientId ?? null, identity?.fhirBase ?? null]);
}

export interface ShownPatient {
  readonly scope: Scope;
  /** What its id may be stored as. */
  readonly pseudonyms: readonly string[];
  readonly fhirServer: string | undefined;
}

/** Shown cards of a patient since a time, newest first. */
export async function shownCardsSince(
  sql: SqlRunner,
  { scope, pseudonyms, fhirServer }: ShownPatient,
  sinceMs: number,
): Promise<readonly EarlierCard[]> {
  const rows = await sql.query(
    `SELECT (extract(epoch FROM answered_at) * 1000)::double precision AS answered_at_ms,
       coalesce(tier, not_scored_reason) AS tier, products, order_references
     FROM assessment
     WHERE client_id = $1 AND tenant = $2 AND patient_pseudonym = ANY ($3::text::text[])
       AND answered_at >= $4::text::timestamptz AND display_kind = 'shown'
       AND inputs->>'fhirBase' IS NOT DISTINCT FROM $5::text
     ORDER BY answered_at DESC`,
    [scope.clientId, scope.tenant, textArray(pseudonyms), timestamp(sinceMs), fhirBaseName(fhirServer)],
  );
  return rows.map((row) => ({
    answeredAtMs: Math.round(numberOf(row, 'answered_at_ms')),
    tier: textOf(row, 'tier'),
    products: textsOf(row, 'products'),
    orders: textsOf(row, 'order_references'),
  }));
}
