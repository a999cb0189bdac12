import type { Concept } from '../concepts/concept.js';
import type { ConceptState, Evidence, FeatureTensors } from '../features/feature-tensors.js';
import type { PatientRecord } from '../record/patient-record.js';
import type { ColumnContribution } from './concept-contributions.js';
import type { Driver } from './explanation.js';

/** What one driver is described from. */
export interface DriverFacts {
  readonly concept: Concept;
  readonly state: ConceptState;
  /** The concept's columns, largest share first. */
  readonly columns: readonly ColumnContribution[];
  readonly evidence: Evidence | undefined;
  readonly tensors: FeatureTensors;
  readonly record: PatientRecord;
}

/** A driver in clinical words, with the figure it quotes where there is one. */
export type DriverDescription = Omit<Driver, 'concept' | 'contribution' | 'display'>;

/** Value of a column in the tabular tensor; NaN where there is none. */
export function valueOf({ tensors }: DriverFacts, entry: ColumnContribution | undefined): number {
  return (entry && tensors.tabular[entry.index]) ?? NaN;
}

/** `invasive ventilation` for `invasive-ventilation`. */
export function spoken(identifier: string): string {
  return identifier.replaceAll(/[_:-]+/g, ' ').trim();
}
