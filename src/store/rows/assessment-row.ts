import { createHash } from 'node:crypto';
import type { AnsweredCall } from '../../assessment/answered-call.js';
import type { Pseudonyms, Scope } from '../keys/pseudonyms.js';
import { numberArray, storable, textArray, timestamp } from '../sql/row-values.js';
import type { SqlValue } from '../sql/sql.js';

/** Clear identifiers of one call: for `patient_identity` alone. */
export interface PatientIdentity {
  readonly patientId: string;
  readonly fhirBase?: string;
}

/** One answered call as the database takes it: pseudonyms, numbers, counts and references. Plain JSON. */
export interface AssessmentRow {
  readonly kind: 'assessment';
  readonly columns: Readonly<Record<string, SqlValue>>;
  readonly cardIds: readonly string[];
}

export interface KeptCall {
  readonly row: AssessmentRow;
  readonly identity: PatientIdentity;
}

export function scopeOf({ id, tenant }: { readonly id: string; readonly tenant?: string }): Scope {
  return { clientId: id, tenant: tenant ?? '' };
}

/**
 * What is kept of an answered call. The one place where identifiers become pseudonyms and texts fall away: of notes only
 * how many there were and how long, of tokens nothing, of references to the patient and its encounters only the type.
 */
export function assessmentRow(call: AnsweredCall, pseudonyms: Pseudonyms): KeptCall {
  const { assessment, subject, display, latencyMs } = call;
  const { outcome, tensors, orders } = assessment;
  const scope = scopeOf(call.client);
  const prediction = outcome.kind === 'scored' ? outcome.prediction : undefined;
  const { tokens, conceptIds, hoursBefore, values } = tensors.series;
  const scrub = referenceScrubber(subject);
  const columns: Record<string, SqlValue> = {
    id: assessment.assessmentId,
    hook_instance: storable(assessment.hookInstance),
    client_id: scope.clientId,
    tenant: scope.tenant,
    patient_pseudonym: pseudonyms.of(scope, 'patient', subject.patientId),
    user_pseudonym: pseudonyms.of(scope, 'user', subject.userId),
    encounter_pseudonym:
      subject.encounterId === undefined ? null : pseudonyms.of(scope, 'encounter', subject.encounterId),
    prediction_time: timestamp(assessment.predictionTimeMs),
    answered_at: timestamp(call.answeredAtMs),
    products: textArray([...new Set(orders.flatMap(({ products }) => products))]),
    orders: JSON.stringify(orders.map((order) => ({ ...order, reference: scrub(order.reference) }))),
    order_references: textArray(orders.map(({ reference }) => scrub(reference))),
    in_icu: assessment.inIcu ?? null,
    outcome_kind: outcome.kind,
    not_scored_reason: outcome.kind === 'not-scored' ? outcome.reason : null,
    tier: prediction?.tier ?? null,
    probability: prediction?.probability ?? null,
    calibrated_logit: prediction?.logit ?? null,
    base_learners: prediction ? JSON.stringify(prediction.baseLearners) : null,
    modalities: prediction ? JSON.stringify(prediction.modalities) : null,
    explanation: outcome.kind === 'scored' ? explanationJson(outcome.explanation, scrub) : null,
    display_kind: display.kind,
    withheld_why: display.kind === 'withheld' ? display.why : null,
    model_id: prediction?.model.id ?? null,
    model_version: prediction?.model.version ?? null,
    model_sha256: prediction?.model.sha256 ?? null,
    spec_id: tensors.specId,
    tabular: numberArray(tensors.tabular),
    concept_states: numberArray(tensors.states),
    series_concepts: numberArray(conceptIds.subarray(0, tokens)),
    series_hours: numberArray(hoursBefore.subarray(0, tokens)),
    series_values: numberArray(values.subarray(0, tokens)),
    inputs: inputsJson(call, scrub),
    latency_ms: JSON.stringify(latencyMs),
  };
  const { patientId, fhirServer } = subject;
  return {
    row: { kind: 'assessment', columns, cardIds: call.cardIds },
    identity: {
      patientId: storable(patientId),
      ...(fhirServer === undefined ? {} : { fhirBase: storable(fhirServer) }),
    },
  };
}

/** Tells one FHIR server from another without naming it; null for a call without one. */
export function fhirBaseName(fhirServer: string | undefined): string | null {
  return fhirServer === undefined ? null : createHash('sha256').update(fhirServer).digest('hex').slice(0, 16);
}

type Scrub = (reference: string) => string;

/** `Observation/7` stays; `Patient/1`, `Encounter/2`, and whatever else ends in an identifier of the call, loses its id. */
function referenceScrubber({ patientId, encounterId, userId }: AnsweredCall['subject']): Scrub {
  const identifiers = new Set(
    [patientId, encounterId, userId].flatMap((id) => (id === undefined ? [] : [lastPart(id)])),
  );
  const isPerson = /^(?:.*\/)?(?:Patient|Encounter|Practitioner|PractitionerRole|RelatedPerson|Person)\//;
  return (reference) => {
    const names = isPerson.test(reference) || reference.split(/[/|#?=&]/).some((part) => identifiers.has(part));
    return storable(names ? (reference.split('/').at(-2) ?? 'unnamed') : reference);
  };
}

function lastPart(reference: string): string {
  return reference.split('/').at(-1) ?? reference;
}

function explanationJson(
  explanation: Extract<AnsweredCall['assessment']['outcome'], { kind: 'scored' }>['explanation'],
  scrub: Scrub,
): string {
  const drivers = explanation.drivers.map((driver) =>
    driver.evidence === undefined ? driver : { ...driver, evidence: scrub(driver.evidence) },
  );
  return JSON.stringify({ ...explanation, drivers });
}

function inputsJson({ assessment: { record, tensors, textOnly }, subject }: AnsweredCall, scrub: Scrub): string {
  return JSON.stringify({
    coverage: record.coverage,
    rejections: record.rejections,
    evidence: [...tensors.evidence.values()].map((item) => ({ ...item, evidence: scrub(item.evidence) })),
    modalities: tensors.modalities,
    counts: {
      values: record.values.length,
      administrations: record.administrations.length,
      procedures: record.procedures.length,
      encounters: record.encounters.length,
      conditions: record.conditions.length,
      notes: record.notes.length,
    },
    notes: tensors.notes.chunks.map(({ kind, hoursBefore, evidence, text }) => ({
      kind,
      hoursBefore,
      evidence: scrub(evidence),
      characters: text.length,
    })),
    textOnlyOrders: (textOnly ?? []).length,
    fhirBase: fhirBaseName(subject.fhirServer),
  });
}
