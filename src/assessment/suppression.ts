import type { HookRequest } from '../cds-hooks/hook-request.js';
import type { SuppressionRules } from '../clients/registered-client.js';
import { children, codingsOf, isElement, referenceTo } from '../record/element.js';
import type { EncounterInterval, PatientRecord } from '../record/patient-record.js';

/**
 * Is the caller one of the roles that get no card? Known without another FHIR call: the type of `context.userId`
 * (`PractitionerRole`), and the codes (`code`, `system|code`) of that very PractitionerRole where the draft orders hold it.
 */
export function isSuppressedRole({ context }: HookRequest, { userRoles }: SuppressionRules): boolean {
  if (userRoles.length === 0) return false;
  const names = [context.userId.split('/')[0], ...roleCodes(context)];
  return userRoles.some((role) => names.includes(role));
}

function roleCodes({ userId, draftOrders }: HookRequest['context']): readonly string[] {
  return (draftOrders.entry ?? [])
    .map(({ resource }: { readonly resource?: unknown }) => resource)
    .filter(isElement)
    .filter((resource) => resource['resourceType'] === 'PractitionerRole' && referenceTo(resource) === userId)
    .flatMap((role) => children(role, 'code').flatMap((concept) => codingsOf(concept)))
    .flatMap(({ system, code }) => [code, `${system}|${code}`]);
}

/** Is the stay of a call (see `staysOfCall`) of a class that gets no card? */
export function isSuppressedClass(
  stays: readonly EncounterInterval[],
  { encounterClasses }: SuppressionRules,
): boolean {
  return stays.some(({ classCode }) => classCode !== undefined && encounterClasses.includes(classCode));
}

/** Was the patient at the prediction time in a place that gets no card (operating room, resuscitation bay)? */
export function isSuppressedPlace(
  stays: readonly EncounterInterval[],
  { locations }: SuppressionRules,
  predictionTimeMs: number,
): boolean {
  return stays
    .flatMap(({ places = [] }) => places)
    .filter((place) => isAt(place, predictionTimeMs))
    .some(({ names }) => names.some((name) => locations.includes(name)));
}

/** The stays of the encounter the call names, where the chart has it; else those open at the prediction time. */
export function staysOfCall(
  { encounters }: PatientRecord,
  encounterId: string | undefined,
  predictionTimeMs: number,
): readonly EncounterInterval[] {
  const named =
    encounterId === undefined ? [] : encounters.filter(({ evidence }) => evidence === `Encounter/${encounterId}`);
  return named.length > 0 ? named : encounters.filter((stay) => isAt(stay, predictionTimeMs));
}

function isAt({ startMs, endMs }: { readonly startMs?: number; readonly endMs?: number }, timeMs: number): boolean {
  return (startMs === undefined || startMs <= timeMs) && (endMs === undefined || endMs > timeMs);
}
