/** One example of a training set. `label` is null where the outcome is not certain; such rows serve sensitivity only. */
export interface DatasetRow {
  readonly recordId: number;
  /** Part of the source that decides what the row is for (`a`: training, `b`: held out). */
  readonly set: string;
  readonly label: 0 | 1 | null;
  readonly day2: boolean;
  readonly survivalDays: number;
  /** Shape [columns of the spec]; NaN where there is no value. */
  readonly tabular: Float32Array;
}

export interface SetCounts {
  readonly stays: number;
  readonly event: number;
  readonly survivor: number;
  /** Kept without a label, for the sensitivity analysis. */
  readonly day2: number;
  /** Left out: death recorded before the prediction time. */
  readonly early: number;
  /** Left out: a survival that cannot be. */
  readonly impossible: number;
  /** Rows whose in-hospital death flag contradicts survival and length of stay. */
  readonly inconsistent: number;
}

/** `dataset-card.json` */
export interface DatasetCard {
  readonly datasetVersion: 1;
  readonly source: string;
  readonly citation: string;
  readonly licence: string;
  readonly predictionTime: string;
  readonly label: string;
  readonly featureSpec: { readonly id: string; readonly sha256: string; readonly columns: number };
  readonly rows: number;
  readonly attrition: Readonly<Record<string, SetCounts>>;
  /** Values not used, by `reason concept`. */
  readonly rejections: Readonly<Record<string, number>>;
  /** Share of rows in which each concept is observed. */
  readonly observed: Readonly<Record<string, number>>;
  /** Columns with one value (or none) in every row of the set named first; the spec should have none. */
  readonly constantColumns: readonly string[];
}
