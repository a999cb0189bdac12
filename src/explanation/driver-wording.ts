import type { Concept } from '../concepts/concept.js';
import type { TabularColumn } from '../features/feature-spec.js';
import type { ConceptState, Evidence, FeatureTensors } from '../features/feature-tensors.js';
import type { PatientRecord } from '../record/patient-record.js';
import type { ColumnContribution } from './concept-contributions.js';
import { nameInSentence, printedAge, printedNumber, printedValue, printedWindow } from './display-format.js';

/** What the wording of one driver is made from. */
export interface DriverFacts {
  readonly concept: Concept;
  readonly state: ConceptState;
  /** The concept's columns, largest share first. */
  readonly columns: readonly ColumnContribution[];
  readonly evidence: Evidence | undefined;
  readonly tensors: FeatureTensors;
  readonly record: PatientRecord;
}

/**
 * A driver in clinical words, without saying which way it points: `lactate 6.1 mmol/L, 2 h ago`,
 * `fibrinogen not measured in 48 h`, `lactate could not be read`.
 */
export function wordDriver(facts: DriverFacts): string {
  const { concept, state, evidence, columns } = facts;
  const name = nameInSentence(concept);
  const isSummed = columns[0]?.column.kind === 'aggregate';
  if (evidence && isMeasured(concept) && !isSummed) return wordMeasurement(facts, evidence);
  if (state === 'unavailable') return `${name} could not be read`;
  if (state === 'absent' && isMeasured(concept))
    return `${name} not measured in ${printedWindow(concept.lookBackHours)}`;
  return wordColumn(facts);
}

function isMeasured({ source }: Concept): boolean {
  return source === 'labs' || source === 'vitals' || source === 'bedside';
}

function wordMeasurement(facts: DriverFacts, evidence: Evidence): string {
  const { concept } = facts;
  const value = `${comparatorOf(facts, evidence)}${printedValue(concept.key, evidence.value, evidence.unit)}`;
  const remarks = [evidence.provisional ? 'preliminary' : undefined, wordCourse(facts, evidence)].filter(
    (remark) => remark !== undefined,
  );
  const remark = remarks.length > 0 ? ` (${remarks.join(', ')})` : '';
  return `${nameInSentence(concept)} ${value}, ${printedAge(evidence.hoursBefore)}${remark}`;
}

/** `>` of a result that only bounds the value; the tensors carry the number alone. */
function comparatorOf({ record }: DriverFacts, evidence: Evidence): string {
  const source = record.values.find(
    (value) =>
      value.concept === evidence.concept && value.timeMs === evidence.timeMs && value.evidence === evidence.evidence,
  );
  return source?.comparator ?? '';
}

/** Where the share comes from the course rather than from the newest value, what the course was. */
function wordCourse({ concept, columns, tensors }: DriverFacts, evidence: Evidence): string | undefined {
  const strongest = columns[0];
  const value = strongest && tensors.tabular[strongest.index];
  if (!strongest || value === undefined || Number.isNaN(value)) return undefined;
  const { column } = strongest;
  if (column.kind === 'derived') return `${spoken(column.formula)} ${printedNumber(column.formula, value)}`;
  if (column.kind !== 'statistic') return undefined;
  const within = `in ${printedWindow(column.windowHours)}`;
  const number = printedNumber(concept.key, value);
  const isNewest = number === printedNumber(concept.key, evidence.value);
  switch (column.statistic) {
    case 'max':
      return isNewest ? undefined : `highest ${number} ${within}`;
    case 'min':
      return isNewest ? undefined : `lowest ${number} ${within}`;
    case 'mean':
      return isNewest ? undefined : `mean ${number} ${within}`;
    case 'first':
      return isNewest ? undefined : `${number} at first ${within}`;
    case 'delta':
      return value === 0 ? `unchanged ${within}` : `${value > 0 ? '+' : '−'}${number.replace(/^-/, '')} ${within}`;
    case 'slope':
      return value === 0 ? undefined : `${value > 0 ? 'rising' : 'falling'} ${within}`;
    case 'count':
      return `${value} ${value === 1 ? 'value' : 'values'} ${within}`;
    case 'last':
    case 'hours_since_last':
      return undefined;
  }
}

/** Facts that are not a timed measurement: age, sex, treatments, exposure, the order itself. */
function wordColumn({ concept, state, columns, tensors }: DriverFacts): string {
  const name = nameInSentence(concept);
  const strongest = columns[0];
  if (!strongest) return name;
  const { column } = strongest;
  const valueOf = ({ index }: ColumnContribution): number => tensors.tabular[index] ?? NaN;
  const value = valueOf(strongest);
  if (column.kind === 'static' && column.level !== undefined) return `${name}: ${levelsOf(columns, valueOf)}`;
  if (Number.isNaN(value)) return state === 'absent' ? `no ${name}` : `${name} not known`;
  if (column.kind === 'static') {
    if (concept.unit === null) return value === 0 ? `no ${name}` : name;
    return `${name} ${printedValue(concept.key, value, concept.featureUnit ?? concept.unit)}`;
  }
  if (column.kind === 'aggregate' && value === 0 && !isMeasured(concept)) {
    return `no ${name} in ${printedWindow(column.windowHours)}`;
  }
  const unit = column.kind === 'aggregate' ? (concept.featureUnit ?? concept.unit) : undefined;
  return `${name} ${printedValue(concept.key, value, unit)} (${measureOf(column)}, ${printedWindow(column.windowHours)})`;
}

/** The levels that hold, of a concept with one column per level. */
function levelsOf(columns: readonly ColumnContribution[], valueOf: (entry: ColumnContribution) => number): string {
  const levels = columns.flatMap((entry) =>
    entry.column.kind === 'static' && entry.column.level !== undefined && valueOf(entry) === 1
      ? [LEVEL_WORDS.get(entry.column.level) ?? spoken(entry.column.level)]
      : [],
  );
  return levels.length > 0 ? levels.sort().join(', ') : 'none known';
}

const LEVEL_WORDS: ReadonlyMap<string, string> = new Map([
  ['rbc', 'red cells'],
  ['cryo', 'cryoprecipitate'],
  ['icu', 'ICU'],
]);

function measureOf(column: Exclude<TabularColumn, { kind: 'static' }>): string {
  switch (column.kind) {
    case 'aggregate':
      return spoken(column.measure);
    case 'derived':
      return spoken(column.formula);
    case 'statistic':
      return spoken(column.statistic);
  }
}

function spoken(identifier: string): string {
  return identifier.replaceAll(/[_-]+/g, ' ');
}
