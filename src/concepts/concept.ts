/** Key of a clinical concept in `dictionary.json`, for example `creatinine`. */
export type ConceptKey = string;

/**
 * The prefetch key (and so the FHIR query) a concept is read from. `order` is the draft order itself,
 * `derived` needs no query of its own.
 */
export type SourceKey =
  'patient' | 'encounters' | 'labs' | 'vitals' | 'bedside' | 'administrations' | 'procedures' | 'conditions' | 'notes';

export const SOURCE_KEYS: readonly SourceKey[] = [
  'patient',
  'encounters',
  'labs',
  'vitals',
  'bedside',
  'administrations',
  'procedures',
  'conditions',
  'notes',
];

/** series: a token per value. static: one value at prediction time. aggregate: a figure over a look-back window. */
export type ConceptKind = 'series' | 'static' | 'aggregate';

/** Clinical groups in which contributions are shown together. */
export type ExplanationGroup =
  | 'haemodynamics'
  | 'oxygenation'
  | 'neurology'
  | 'renal'
  | 'hepatic-coagulation'
  | 'haematology'
  | 'metabolic'
  | 'treatment'
  | 'exposure'
  | 'context';

/** `canonical = (value + (offset ?? 0)) * factor` for a value whose UCUM unit is `from`. */
export interface UnitConversion {
  readonly from: string;
  readonly factor: number;
  readonly offset?: number;
}

export interface AcceptedCode {
  readonly code: string;
  readonly display: string;
  /** Where the code was confirmed (a public source), when it is not in the MIT MIMIC-IV maps. */
  readonly source?: string;
}

export interface AcceptedLoinc extends AcceptedCode {
  /** Given where the code means another quantity than the primary one (urea, not urea nitrogen): the only units it may come in. */
  readonly conversions?: readonly UnitConversion[];
}

export interface KeepRange {
  readonly low: number;
  readonly high: number;
}

export interface Concept {
  readonly key: ConceptKey;
  /** Row of the reference table (1 to 66); several keys may share one row (for example the GCS total and its parts). */
  readonly row: number;
  readonly display: string;
  readonly kinds: readonly ConceptKind[];
  /** Where values come from; `order` and `derived` have no query of their own. */
  readonly source: SourceKey | 'order' | 'derived';
  readonly group: ExplanationGroup;
  readonly loinc: { readonly primary: AcceptedLoinc | null; readonly accepted: readonly AcceptedLoinc[] };
  /** Further SNOMED CT codes it is asked for and read by. */
  readonly snomed?: readonly AcceptedCode[];
  readonly mimicIv: {
    readonly labevents?: readonly number[];
    readonly chartevents?: readonly number[];
    readonly inputevents?: readonly number[];
    readonly outputevents?: readonly number[];
    readonly procedureevents?: readonly number[];
    /** Values of these items count negative (irrigant in). */
    readonly subtract?: readonly number[];
    /** UCUM unit of items whose rows carry none, by item id. */
    readonly itemUnits?: Readonly<Record<string, string>>;
    /** LOINC code of items that mean another one than the primary, by item id. */
    readonly itemLoinc?: Readonly<Record<string, string>>;
  };
  readonly eicu: readonly string[];
  readonly challenge2012: readonly string[];
  /** UCUM unit of the value a record holds (canonical unit); null for coded concepts. */
  readonly unit: string | null;
  /** UCUM unit of the feature, where it differs from the record's (urine: record mL, feature mL/kg/h). */
  readonly featureUnit?: string;
  /** Conversions beyond plain UCUM dimension analysis (mass to substance, fractions, identical counts). */
  readonly conversions: readonly UnitConversion[];
  /** The only units that are read; absent where any unit of the dimension may be converted. Set by the LOINC code. */
  readonly hasClosedUnits?: true;
  /** Values outside (in the canonical unit) are dropped and counted, never clipped. */
  readonly range: KeepRange | null;
  /** Keep range of the feature, where its unit differs from the record's. */
  readonly featureRange?: KeepRange;
  readonly lookBackHours: number;
  /** Codes, items and names left out, with the reason. */
  readonly leftOut?: readonly { readonly code: string; readonly reason: string }[];
  readonly note?: string;
}
