import type {
  Encounter,
  EncounterLocation,
  FhirResource,
  MedicationAdministration,
  Period,
  Procedure,
} from 'fhir/r4.js';
import { STORE_TIME_EXTENSION } from '../record/code-systems.js';
import { latestInstantMs as momentOf } from '../record/fhir-time.js';
import { without } from './resource-json.js';

/** What a resource cannot say about itself. */
export interface ChartContext {
  /** When the encounter (or the admission it is part of) ended; Infinity while it is open, undefined where it is unknown. */
  encounterEndMs(reference: string): number | undefined;
}

/** When a resource came into the chart, and from when on nothing in it changed any more. Milliseconds, ±Infinity. */
export interface Availability {
  readonly fromMs: number;
  readonly settledMs: number;
}

const ALWAYS: Availability = { fromMs: -Infinity, settledMs: -Infinity };

/**
 * When a resource could be known. `meta.lastUpdated` never counts. A kind of resource that has a time and does not give it
 * is never available (Infinity); a bare date counts when that day is over everywhere.
 *
 * - Observation, DiagnosticReport: the later of effective and issued
 * - MedicationAdministration: start, or when it was stored if that is later; settled at its end
 * - Encounter, Procedure: start; settled at the end (Encounter: not before its last location; never while it has no end)
 * - DocumentReference `date`; Condition, AllergyIntolerance `recordedDate`, for a Condition not before its encounter ended;
 *   requests `authoredOn`
 * - Patient: always, but never settled where a death is recorded
 * - resources without a time of their own: always
 */
export function availability(resource: FhirResource, context?: ChartContext): Availability {
  const filed = storeTimeMs(resource);
  const known = (...times: (number | undefined)[]): number => Math.max(latest(times), filed);
  switch (resource.resourceType) {
    case 'Patient':
      return { fromMs: -Infinity, settledMs: hasDeath(resource) ? Infinity : -Infinity };
    case 'Observation':
      return settled(
        known(
          momentOf(resource.effectiveDateTime ?? resource.effectiveInstant),
          periodMoment(resource.effectivePeriod),
          momentOf(resource.issued),
        ),
      );
    case 'DiagnosticReport':
      return settled(
        known(momentOf(resource.effectiveDateTime), periodMoment(resource.effectivePeriod), momentOf(resource.issued)),
      );
    case 'MedicationAdministration':
      return lasting(
        known(momentOf(resource.effectiveDateTime ?? resource.effectivePeriod?.start)),
        resource.effectivePeriod,
      );
    case 'Procedure':
      return lasting(
        known(momentOf(resource.performedDateTime ?? resource.performedPeriod?.start)),
        resource.performedPeriod,
      );
    case 'Encounter':
      return encounterAvailability(resource, known(momentOf(resource.period?.start)));
    case 'Condition': {
      const ended =
        resource.encounter?.reference === undefined ? undefined : context?.encounterEndMs(resource.encounter.reference);
      return settled(known(momentOf(resource.recordedDate), ended));
    }
    case 'AllergyIntolerance':
      return settled(known(momentOf(resource.recordedDate)));
    case 'DocumentReference':
      return settled(known(momentOf(resource.date)));
    case 'ServiceRequest':
    case 'MedicationRequest':
      return settled(known(momentOf(resource.authoredOn)));
    case 'MedicationDispense':
      return settled(known(momentOf(resource.whenHandedOver ?? resource.whenPrepared)));
    case 'MedicationStatement':
      return settled(
        known(momentOf(resource.effectiveDateTime ?? resource.effectivePeriod?.start), momentOf(resource.dateAsserted)),
      );
    case 'Specimen':
      return settled(
        known(
          momentOf(resource.receivedTime),
          momentOf(resource.collection?.collectedDateTime),
          periodMoment(resource.collection?.collectedPeriod),
        ),
      );
    default:
      return ALWAYS;
  }
}

/**
 * The resource as the chart held it at `atMs`, or undefined if it was not there yet. What changed later is undone: a
 * running administration, procedure or encounter is in progress and has neither end nor total; nobody has died. Returns the
 * very same object where nothing changed.
 */
export function asItStood(resource: FhirResource, atMs: number, context?: ChartContext): FhirResource | undefined {
  const { fromMs, settledMs } = availability(resource, context);
  if (fromMs > atMs) return undefined;
  if (settledMs <= atMs) return resource;
  switch (resource.resourceType) {
    case 'Patient':
      return without(resource, 'deceasedBoolean', 'deceasedDateTime', '_deceasedBoolean', '_deceasedDateTime');
    case 'MedicationAdministration':
      return runningAdministration(resource, atMs);
    case 'Procedure':
      return runningProcedure(resource, atMs);
    case 'Encounter':
      return encounterAsItStood(resource, atMs);
    default:
      return resource;
  }
}

/** Statuses that do not describe how far the event has come. */
const NOT_AN_EVENT: ReadonlySet<string> = new Set(['entered-in-error', 'not-done', 'cancelled', 'planned']);

function runningAdministration(resource: MedicationAdministration, atMs: number): MedicationAdministration {
  const { effectivePeriod, dosage, status } = resource;
  if (!endsLater(effectivePeriod, atMs)) return resource;
  const rest = without(resource, 'effectivePeriod', 'dosage', 'statusReason');
  return {
    ...rest,
    status: NOT_AN_EVENT.has(status) ? status : 'in-progress',
    ...(effectivePeriod && { effectivePeriod: withoutEnd(effectivePeriod) }),
    // The text of a dosage may repeat the dose.
    ...(dosage && { dosage: without(dosage, 'dose', 'text') }),
  };
}

function runningProcedure(resource: Procedure, atMs: number): Procedure {
  const { performedPeriod, status } = resource;
  if (!endsLater(performedPeriod, atMs)) return resource;
  const rest = without(
    resource,
    'performedPeriod',
    'statusReason',
    'outcome',
    'complication',
    'complicationDetail',
    'followUp',
    'report',
  );
  return {
    ...rest,
    status: NOT_AN_EVENT.has(status) ? status : 'in-progress',
    ...(performedPeriod && { performedPeriod: withoutEnd(performedPeriod) }),
  };
}

function encounterAsItStood(resource: Encounter, atMs: number): Encounter {
  const location = resource.location
    ?.filter(({ period }) => begun(period, atMs))
    .map((stay) => openLocation(stay, atMs));
  const statusHistory = begunEntries(resource.statusHistory, atMs);
  const classHistory = begunEntries(resource.classHistory, atMs);
  const seen: Encounter = {
    ...without(resource, 'location', 'statusHistory', 'classHistory'),
    ...(location && location.length > 0 && { location }),
    ...(statusHistory && { statusHistory }),
    ...(classHistory && { classHistory }),
  };
  const isOpen = resource.period?.end === undefined;
  if (!isOpen && !endsLater(resource.period, atMs)) return seen;
  const keepsStatus = NOT_AN_EVENT.has(seen.status) || (isOpen && seen.status !== 'finished');
  const hospitalization =
    resource.hospitalization && without(resource.hospitalization, 'dischargeDisposition', 'destination');
  return {
    ...without(seen, 'period', 'hospitalization', 'length', 'diagnosis'),
    status: keepsStatus ? seen.status : 'in-progress',
    ...(resource.period && { period: withoutEnd(resource.period) }),
    ...(hospitalization && Object.keys(hospitalization).length > 0 && { hospitalization }),
  };
}

function openLocation(stay: EncounterLocation, atMs: number): EncounterLocation {
  if (!stay.period || !endsLater(stay.period, atMs)) return stay;
  return { ...without(stay, 'status'), period: withoutEnd(stay.period), ...(stay.status && { status: 'active' }) };
}

/** What had begun, without ends that had not come. */
function begunEntries<T extends { period: Period }>(entries: readonly T[] | undefined, atMs: number): T[] | undefined {
  const seen = entries?.filter(({ period }) => begun(period, atMs));
  if (!seen || seen.length === 0) return undefined;
  return seen.map((entry) => (endsLater(entry.period, atMs) ? { ...entry, period: withoutEnd(entry.period) } : entry));
}

/** An Encounter without an end is open and never settled. */
function encounterAvailability(resource: Encounter, fromMs: number): Availability {
  const { location = [], statusHistory = [], classHistory = [] } = resource;
  const periods = [...location, ...statusHistory, ...classHistory].map(({ period }) => period);
  const moments = periods.flatMap((period) => [momentOf(period?.start), momentOf(period?.end)]);
  const ends = [momentOf(resource.period?.end) ?? Infinity, ...moments.map((ms) => ms ?? -Infinity)];
  const settledMs = Math.max(fromMs, ...ends);
  return { fromMs, settledMs };
}

function hasDeath(resource: FhirResource): boolean {
  return Object.keys(resource).some((name) => /^_?deceased/.test(name));
}

/** -Infinity where no store time is given, Infinity where one is given that cannot be read. */
function storeTimeMs(resource: FhirResource): number {
  const extensions = 'extension' in resource ? resource.extension : undefined;
  const filed = extensions?.find(({ url }) => url === STORE_TIME_EXTENSION);
  return filed === undefined ? -Infinity : (momentOf(filed.valueDateTime ?? filed.valueInstant) ?? Infinity);
}

/** The latest of the times that are given; Infinity where none is. */
function latest(times: readonly (number | undefined)[]): number {
  const given = times.filter((time) => time !== undefined);
  return given.length === 0 ? Infinity : Math.max(...given);
}

function settled(fromMs: number): Availability {
  return { fromMs, settledMs: fromMs };
}

function lasting(fromMs: number, period: Period | undefined): Availability {
  return { fromMs, settledMs: Math.max(fromMs, momentOf(period?.end) ?? -Infinity) };
}

/** A result over a period is known when the period is over. */
function periodMoment(period: Period | undefined): number | undefined {
  return momentOf(period?.end ?? period?.start);
}

function begun(period: Period | undefined, atMs: number): boolean {
  return (momentOf(period?.start) ?? -Infinity) <= atMs;
}

function endsLater(period: Period | undefined, atMs: number): boolean {
  return (momentOf(period?.end) ?? -Infinity) > atMs;
}

function withoutEnd(period: Period): Period {
  return without(period, 'end', '_end');
}
