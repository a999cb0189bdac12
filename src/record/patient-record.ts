import type { ConceptKey, SourceKey } from '../concepts/concept.js';

/** One numeric result of a dictionary concept in its canonical unit, inside its keep range. Times: ms since the epoch. */
export interface ObservedValue {
  readonly concept: ConceptKey;
  readonly value: number;
  /** When it was true of the patient (specimen or charting time). */
  readonly timeMs: number;
  /** When it could be known: max(effective, issued), or effective where `issued` is absent. */
  readonly availableMs: number;
  /** Given where the source only bounds the value ("> 150"). */
  readonly comparator?: '<' | '<=' | '>' | '>=';
  /** A preliminary result: used, and said so in the evidence. */
  readonly provisional?: true;
  /** Reference of the source row or resource, for example `Observation/123`. */
  readonly evidence: string;
}

export type BloodProduct = 'rbc' | 'platelets' | 'plasma' | 'cryo' | 'whole-blood' | 'granulocytes';

export type AdministrationKind = 'blood' | 'cell-salvage' | 'vasopressor' | 'inotrope' | 'sedative' | 'derivative';

/** A drug or blood product given. While it runs at the prediction time its end, dose and volume do not exist yet. */
export interface Administration {
  readonly kind: AdministrationKind;
  /** Lower-case ingredient (`norepinephrine`, `propofol`) or blood product (`rbc`). */
  readonly agent: string;
  readonly startMs: number;
  readonly endMs?: number;
  /** max(start, store time). */
  readonly availableMs: number;
  /** Infusion rate: ug/kg/min for catecholamines, U/min for vasopressin. */
  readonly rate?: { readonly value: number; readonly unit: 'ug/kg/min' | 'U/min' };
  readonly volumeMl?: number;
  readonly evidence: string;
}

export type ProcedureKind =
  | 'renal-replacement'
  | 'invasive-ventilation'
  | 'noninvasive-ventilation'
  | 'high-flow-oxygen'
  | 'oxygen-therapy'
  | 'tracheostomy';

export interface ProcedureEvent {
  readonly kind: ProcedureKind;
  readonly startMs: number;
  readonly endMs?: number;
  readonly availableMs: number;
  readonly evidence: string;
}

export interface EncounterInterval {
  readonly setting: 'inpatient' | 'icu' | 'emergency' | 'ambulatory' | 'other';
  readonly admissionType?: 'elective' | 'urgent' | 'emergency' | 'observation' | 'other';
  readonly startMs: number;
  readonly endMs?: number;
  readonly evidence: string;
  /** `Encounter.class` code as the chart has it (`EMER`), of any system; no feature: it decides who is shown a card. */
  readonly classCode?: string;
  /** Where the patient was during the stay; no feature either. */
  readonly places?: readonly StayPlace[];
}

/** One location of a stay. Times: ms since the epoch; no start: since the stay began, no end: until it ended. */
export interface StayPlace {
  /** What a site may call it: its reference (`Location/or-3`), and its identifier as `value` and as `system|value`. */
  readonly names: readonly string[];
  readonly startMs?: number;
  readonly endMs?: number;
}

/** A Charlson category of an entry that was on the record (recorded time) before the prediction time. */
export interface ConditionEntry {
  readonly charlson: string;
  readonly recordedMs: number;
  readonly evidence: string;
}

export interface NoteDocument {
  readonly kind: 'radiology' | 'progress' | 'nursing' | 'admission' | 'consult' | 'procedure' | 'discharge' | 'other';
  /** When it was filed (`DocumentReference.date`). */
  readonly availableMs: number;
  /** Plain text: markup removed, entities decoded. */
  readonly text: string;
  readonly evidence: string;
}

export interface BloodOrder {
  /** Empty where the order says "blood product" and no more. */
  readonly products: readonly BloodProduct[];
  /** The order names no particular product. */
  readonly unspecified?: true;
  /** Found by its words alone, by the site's own policy; absent where a code decided. */
  readonly matchedBy?: 'text';
  /** Units ordered, where the order says units. */
  readonly orderedUnits?: number;
  readonly urgency?: 'routine' | 'urgent' | 'asap' | 'stat';
  /** Local reference of the draft order, for example `ServiceRequest/draft-1`. */
  readonly reference: string;
}

/** Why a source could not be read; said on the card. */
export type UnavailableReason =
  | 'no-access'
  | 'not-in-scope'
  | 'unauthorized'
  | 'timeout'
  | 'upstream-error'
  | 'client-query-failed'
  | 'not-supported'
  /** It asked to be called later, or too many calls wait for it already. */
  | 'server-busy'
  /** It speaks another FHIR version than R4. */
  | 'not-r4'
  /** All there is carries a security label by which it is not read. */
  | 'restricted';

/**
 * What is known about a source. `covered` since a time (null: all time) means that a concept with no value from then on
 * was looked for and is absent; before it, and when `unavailable`, nothing may be concluded.
 */
export type SourceCoverage =
  | { readonly kind: 'covered'; readonly sinceMs: number | null; readonly origin: 'prefetch' | 'fhir' | 'dataset' }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason };

/** Values that were in the chart and were not used, by reason; counts only, no patient data. */
export interface RejectionCount {
  readonly reason:
    | 'unit-unknown'
    | 'unit-missing'
    | 'out-of-range'
    | 'not-numeric'
    | 'status'
    | 'no-time'
    | 'other-patient'
    | 'code-unmapped'
    | 'content-type'
    | 'attachment-failed'
    | 'intubated-verbal'
    /** Notes whose security label withholds them. */
    | 'restricted'
    /** Other records of the same person (Patient.link): their charts are not read. */
    | 'linked-record';
  readonly concept?: ConceptKey;
  readonly count: number;
}

/** Everything the chart said, in dictionary concepts. Order within the lists carries no meaning. */
export interface PatientRecord {
  /** FHIR date, possibly partial (`1950`, `1950-03`). */
  readonly birthDate?: string;
  readonly sex?: 'male' | 'female' | 'other' | 'unknown';
  readonly values: readonly ObservedValue[];
  readonly administrations: readonly Administration[];
  readonly procedures: readonly ProcedureEvent[];
  readonly encounters: readonly EncounterInterval[];
  readonly conditions: readonly ConditionEntry[];
  readonly notes: readonly NoteDocument[];
  readonly orders: readonly BloodOrder[];
  readonly coverage: Readonly<Record<SourceKey, SourceCoverage>>;
  readonly rejections: readonly RejectionCount[];
}
