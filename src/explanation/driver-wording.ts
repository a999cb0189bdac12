import type { Concept } from '../concepts/concept.js';
import type { Evidence } from '../features/feature-tensors.js';
import { describeColumns } from './column-wording.js';
import { nameInSentence, printedAge, printedNumber, printedValue, printedWindow } from './display-format.js';
import { spoken, valueOf, type DriverDescription, type DriverFacts } from './driver-facts.js';

/**
 * A driver in clinical words, without saying which way it points: `lactate 6.1 mmol/L, 2 h ago`,
 * `fibrinogen not measured in 48 h`, `lactate could not be read`.
 */
export function describeDriver(facts: DriverFacts): DriverDescription {
  const { concept, state, evidence, columns } = facts;
  const name = nameInSentence(concept);
  const isSummed = columns[0]?.column.kind === 'aggregate';
  if (evidence && isMeasured(concept) && !isSummed) return describeMeasurement(facts, evidence);
  if (state === 'unavailable') return { wording: `${name} could not be read` };
  if (state === 'absent' && isMeasured(concept)) {
    return { wording: `${name} not measured in ${printedWindow(concept.lookBackHours)}` };
  }
  return describeColumns(facts);
}

function isMeasured({ source }: Concept): boolean {
  return source === 'labs' || source === 'vitals' || source === 'bedside';
}

function describeMeasurement(facts: DriverFacts, newest: Evidence): DriverDescription {
  const { concept } = facts;
  const { value, unit, timeMs, hoursBefore, evidence } = newest;
  const remarks = [newest.provisional ? 'preliminary' : undefined, courseOf(facts, newest)].filter(
    (remark) => remark !== undefined,
  );
  const remark = remarks.length > 0 ? ` (${remarks.join(', ')})` : '';
  const quoted = `${comparatorOf(facts, newest)}${printedValue(concept.key, value, unit)}`;
  const wording = `${nameInSentence(concept)} ${quoted}, ${printedAge(hoursBefore)}${remark}`;
  return { wording, value, ...(unit === null ? {} : { unit }), timeMs, hoursBefore, evidence };
}

/** `>` of a result that only bounds the value; the tensors carry the number alone. */
function comparatorOf({ record }: DriverFacts, newest: Evidence): string {
  const source = record.values.find(
    ({ concept, timeMs, evidence }) =>
      concept === newest.concept && timeMs === newest.timeMs && evidence === newest.evidence,
  );
  return source?.comparator ?? '';
}

/** Where the share comes from the course rather than from the newest value, what the course was. */
function courseOf(facts: DriverFacts, newest: Evidence): string | undefined {
  const { concept, columns } = facts;
  const strongest = columns[0];
  const value = valueOf(facts, strongest);
  if (!strongest || Number.isNaN(value)) return undefined;
  const { column } = strongest;
  if (column.kind === 'derived') return `${formulaName(column.formula)} ${printedNumber(column.formula, value)}`;
  if (column.kind !== 'statistic') return undefined;
  const within = `in ${printedWindow(column.windowHours)}`;
  const number = printedNumber(concept.key, value);
  const isNewest = number === printedNumber(concept.key, newest.value);
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

const FORMULA_NAMES: ReadonlyMap<string, string> = new Map([
  ['pf_ratio', 'P/F ratio'],
  ['sf_ratio', 'S/F ratio'],
]);

function formulaName(formula: string): string {
  return FORMULA_NAMES.get(formula) ?? spoken(formula);
}
