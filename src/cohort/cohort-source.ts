import type { BloodProduct, PatientRecord } from '../record/patient-record.js';

/** The datasets a training set can be built from; each is a folder in `sources/`. */
export const SOURCE_NAMES = ['mimic-iv', 'mimic-fhir', 'eicu', 'challenge-2012'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** A blood product given, as charted. Times: ms on the chart's own axis. */
export interface TransfusionEvent {
  /** Reference of the source row; equal to the `evidence` of the record's administration. */
  readonly evidence: string;
  readonly product: BloodProduct | 'unspecified';
  /** When it began, as well as the source can say. */
  readonly startMs: number;
  readonly volumeMl?: number;
  /** Charted by the operating room or recovery room: entered on arrival, the true time is not known. */
  readonly place: 'bedside' | 'operating-room' | 'recovery-room';
}

/** One row of the blood bank's orders. */
export interface OrderEvent {
  readonly orderId: string;
  readonly products: readonly BloodProduct[];
  /** Product not named. */
  readonly unspecified?: true;
  /** `new` and `change` are signings; a discontinued order is none. */
  readonly transaction: 'new' | 'change' | 'discontinue';
  readonly orderMs: number;
  readonly admissionId: string | null;
}

export interface AdmissionFact {
  readonly admissionId: string;
  readonly startMs: number;
  readonly endMs?: number;
  /** Died in this admission, with a time. */
  readonly deathMs?: number;
  /** The source says that the patient left this admission dead, with or without a time. */
  readonly isDeadAtDischarge: boolean;
  /** Whether the patient left this admission alive is not known; alive until `endMs`, as far as the source tells. */
  readonly isOutcomeUnknown?: true;
}

export interface IcuStayFact {
  readonly stayId: string;
  readonly admissionId: string;
  readonly startMs: number;
  readonly endMs?: number;
}

/**
 * What decides whether and when a chart is indexed, and what became of the patient. No model input is made of it.
 * A chart is what shares one time axis: a MIMIC-IV patient, an eICU hospital stay, a Challenge-2012 record.
 */
export interface ChartFacts {
  readonly chartId: string;
  /** The person: splits never part their charts. */
  readonly patientId: string;
  /** Place of this chart among the person's, in time order as far as the source tells; 0 is the first. */
  readonly chartOrder: number;
  readonly birthDate?: string;
  readonly admissions: readonly AdmissionFact[];
  readonly icuStays: readonly IcuStayFact[];
  readonly transfusions: readonly TransfusionEvent[];
  readonly orders: readonly OrderEvent[];
  /** Date of death as days since the epoch on the chart's axis, where the source has a date apart from admissions' times. */
  readonly deathDay?: number;
  /** First time comfort measures only were documented. */
  readonly comfortCareMs?: number;
  /** Why the source's own record of the outcome cannot be used; the chart is left out and counted. */
  readonly impossibleOutcome?: string;
  /** Years the chart may lie in (`2008 - 2010`), for temporal splits. Never a feature. */
  readonly period?: string;
  /** Part of the source that its authors set apart (Challenge-2012: `a`, `b`). */
  readonly subset?: string;
  /** Hospital, for splits by site. Never a feature. */
  readonly hospital?: string;
}

export interface SourceTotals {
  readonly patients: number;
  readonly admissions: number;
  readonly icuStays: number;
}

/** What a source says of itself, for the dataset card. */
export interface SourceAbout {
  readonly source: SourceName;
  readonly title: string;
  /** As far as the files tell. */
  readonly version: string;
  readonly citation: string;
  readonly licence: string;
  /** Deaths the source can see: after discharge too, or in hospital only. */
  readonly deathsSeen: 'any' | 'in-hospital';
  /** A death dated on the day of the index without a time: after it (somebody was still treating), or not certain. */
  readonly sameDayDeath: 'event' | 'unlabelled';
  /** Added to a time to get the chart's wall clock, ms; 0 where absent. Dates of death are dates by that clock. */
  readonly clockOffsetMs?: number;
  /** Nobody is left out, for prediction and for other labels: what no label can be given for has null. */
  readonly keepsEveryRecord?: true;
  /** What the labels are, where they are not those of the rule. */
  readonly labelWords?: string;
  /** Things a reader must know (tables that stand in for others, times that are charting times). */
  readonly caveats: readonly string[];
  /** Every `table.column` that is read, for the guard against forbidden ones. */
  readonly columnsRead: readonly string[];
}

/** When a row could first be known, by the source's own filing time; independent of how the adapter made its record. */
export interface FilingTime {
  readonly availableMs: number;
  /** Leakage trap that is sprung when the record shows the row earlier. */
  readonly trap: LeakageTrap;
}

/** A chart ready for mapping: the record (without orders) and the filing time of every row it rests on. */
export interface SourceChart {
  readonly chartId: string;
  readonly record: PatientRecord;
  /** By `evidence` of the record's values, administrations, procedures, conditions and notes. */
  readonly filing: ReadonlyMap<string, FilingTime>;
  /** Rows that had no filing time and count as available when charted. */
  readonly withoutFilingTime: number;
  /** Rows left out that the record's own rejections do not say, by `table: reason`. */
  readonly rejections?: Readonly<Record<string, number>>;
  /** Values by `concept unit` as charted, where the source carries units: what was converted. */
  readonly unitsCharted?: Readonly<Record<string, number>>;
}

/** A chart that is wanted, and the prediction times it is wanted for. */
export interface WantedChart {
  readonly chartId: string;
  readonly shard: number;
  readonly indexMs: readonly number[];
}

export interface StageRequest {
  readonly wanted: readonly WantedChart[];
  /** Folder to fill; each shard can then be read on its own, by another process. */
  readonly folder: string;
  readonly onProgress?: (words: string) => void;
}

export interface StageReport {
  /** Rows kept, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Rows left out of the whole source, by `table: reason`. Nothing is dropped without standing here, below or in a chart. */
  readonly rejections: Readonly<Record<string, number>>;
  /** The same of the wanted charts alone: parts of a dataset add up. */
  readonly rejectionsOfWanted?: Readonly<Record<string, number>>;
  /** First documented comfort measures by chart, where only the big tables tell. */
  readonly comfortCareMs?: ReadonlyMap<string, number>;
}

/** An open dataset. Everything it yields is in an order that depends on the data alone. */
export interface CohortSource {
  readonly about: SourceAbout;
  /** Charts that may be indexed (with any order, transfusion or ICU stay), ascending by chart id, and the totals. */
  facts(): Promise<{ readonly charts: readonly ChartFacts[]; readonly totals: SourceTotals }>;
  /** Filters what mapping needs of the wanted charts into `folder`. Throws ERR_DATASET naming file and row. */
  stage(request: StageRequest): Promise<StageReport>;
  close(): void;
}

/** Reads one staged shard, ascending by chart id. Runs in a worker thread. */
export type ReadStagedShard = (folder: string, shard: number) => AsyncIterable<SourceChart>;

/** The ways a training set lies (one guard each); the names stand in errors and in the dataset card. */
export const LEAKAGE_TRAPS = [
  'result-filed-after-index',
  'note-filed-after-index',
  'administration-filed-after-index',
  'procedure-filed-after-index',
  'same-admission-diagnosis',
  'own-discharge-summary',
  'hourly-bin-before-its-end',
  'apache-before-hour-24',
  'index-is-operating-room-charting',
  'index-volume',
  'running-dose-or-end',
  'stay-end-or-length',
  'window-past-index',
  'outcome-dependent-index',
  'forbidden-column',
  'standardised-values',
  'patient-in-two-folds',
  'care-limitation-text',
  'row-without-filing-time',
] as const;
export type LeakageTrap = (typeof LEAKAGE_TRAPS)[number];
