import type { SourceName } from './cohort-source.js';
import type { Counts } from './plan/plan-cohort.js';
import type { Distribution } from './build/join-shards.js';

/** `dataset-card.json`: all that a reader must know of a training set. Holds no time of making: the same data give the same card. */
export interface DatasetCard {
  readonly datasetVersion: 2;
  readonly source: {
    readonly name: SourceName;
    readonly title: string;
    readonly version: string;
    readonly citation: string;
    readonly licence: string;
    readonly deathsSeen: 'any' | 'in-hospital';
    readonly caveats: readonly string[];
  };
  readonly index: {
    readonly kind: string;
    readonly words: string;
    readonly gapHours: number;
    readonly landmarkHours: readonly number[];
  };
  readonly label: string;
  readonly featureSpec: {
    readonly id: string;
    readonly sha256: string;
    readonly columns: number;
    readonly seriesConcepts: number;
  };
  readonly counts: {
    readonly episodes: number;
    readonly patients: number;
    readonly admissions: number;
    readonly scoreable: number;
    readonly outsideIcu: number;
    readonly ambiguous: number;
    readonly unlabelled: number;
    readonly dischargedBefore7d: number;
    readonly deathsWithin6h: number;
    /** Deaths in the admission of the index over rows where that is known; in datasets that keep every record. */
    readonly inHospital?: { readonly n: number; readonly events: number };
    /** Deaths within 7 days over number of rows, by selection. */
    readonly events: Readonly<Record<string, { readonly n: number; readonly events: number }>>;
    readonly splits: Readonly<Record<string, { readonly n: number; readonly events: number }>>;
  };
  readonly attrition: AttritionFacts;
  /** By concept, share of episodes: observed, looked for and absent, source unavailable. */
  readonly states: Readonly<Record<string, readonly [number, number, number]>>;
  readonly distributions: readonly Distribution[];
  readonly constantColumns: readonly string[];
  /** Rows read by table after filtering. */
  readonly rowsStaged: Readonly<Record<string, number>>;
  /** Values by `concept unit` as charted; the dictionary says how each unit is converted. */
  readonly unitsCharted: Readonly<Record<string, number>>;
  /** Values not used, by `reason concept`, and rows left out, by `table: reason`. */
  readonly rejections: Readonly<Record<string, number>>;
  /** Rows that had no filing time and count as available when charted. */
  readonly withoutFilingTime: number;
  /** Looks of each leakage guard; none of them found anything, or there would be no dataset. */
  readonly guards: Readonly<Record<string, number>>;
  /** sha256 over the digests of all tabular rows in order: independent of the file format's version. */
  readonly tabularSha256: string;
  /** sha256 over the rows of `episodes.parquet`, each a line of JSON: ids, labels, splits and flags. */
  readonly episodesSha256: string;
}

/** Who was found, who was left out and why, who was kept. */
export interface AttritionFacts {
  readonly totals: { readonly patients: number; readonly admissions: number; readonly icuStays: number };
  readonly found: Counts & { readonly charts: number; readonly events: number; readonly signings: number };
  readonly operatingRoomOnly: Counts;
  readonly excluded: Readonly<Record<string, Counts>>;
  readonly kept: Counts;
}
