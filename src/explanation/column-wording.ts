import type { ColumnContribution } from './concept-contributions.js';
import { nameInSentence, printedNumber, printedValue, printedWindow } from './display-format.js';
import { spoken, valueOf, type DriverDescription, type DriverFacts } from './driver-facts.js';

type Describe = (facts: DriverFacts, strongest: ColumnContribution, value: number) => DriverDescription;

/** Facts that are not a timed measurement: age, sex, treatments, exposure, the order itself. */
export function describeColumns(facts: DriverFacts): DriverDescription {
  const strongest = facts.columns[0];
  if (!strongest) return { wording: nameInSentence(facts.concept) };
  const describe =
    BY_CONCEPT.get(facts.concept.key) ?? (levelOf(strongest) === undefined ? describePlain : describeLevels);
  return describe(facts, strongest, valueOf(facts, strongest));
}

const BY_CONCEPT: ReadonlyMap<string, Describe> = new Map([
  ['age', describeAge],
  ['sex', describeSex],
  ['product', describeProduct],
  ['hours_since_admission', describeTimeSinceAdmission],
  ['comorbidity', describeComorbidity],
  ['prior_exposure', describePriorExposure],
]);

function levelOf({ column }: ColumnContribution): string | undefined {
  return column.kind === 'static' ? column.level : undefined;
}

/** A single figure, a yes or no, or a figure over a window. */
function describePlain(
  { concept, state }: DriverFacts,
  { column }: ColumnContribution,
  value: number,
): DriverDescription {
  const name = nameInSentence(concept);
  const unit = concept.featureUnit ?? concept.unit;
  if (Number.isNaN(value)) return { wording: state === 'absent' ? `no ${name}` : `${name} not known` };
  switch (column.kind) {
    case 'static':
      if (unit === null) return { wording: value === 0 ? `no ${name}` : name };
      return { wording: `${name} ${printedValue(concept.key, value, unit)}`, value, unit };
    case 'aggregate': {
      const within =
        column.measure === 'now' ? 'now' : `${spoken(column.measure)}, ${printedWindow(column.windowHours)}`;
      if (value === 0 && concept.source === 'administrations') return { wording: `no ${name} (${within})` };
      const wording = `${name} ${printedValue(concept.key, value, unit)} (${within})`;
      return unit === null ? { wording } : { wording, value, unit };
    }
    case 'derived':
      return { wording: `${spoken(column.formula)} ${printedNumber(column.formula, value)}` };
    case 'statistic': {
      const within = `${spoken(column.statistic)}, ${printedWindow(column.windowHours)}`;
      return { wording: `${name} ${printedNumber(concept.key, value)} (${within})` };
    }
  }
}

/** One column per level: those that hold. */
function describeLevels(facts: DriverFacts, _strongest: ColumnContribution, value: number): DriverDescription {
  const name = nameInSentence(facts.concept);
  const levels = levelsThatHold(facts, []);
  if (levels.length > 0) return { wording: `${name}: ${levels.join(', ')}` };
  return { wording: Number.isNaN(value) ? `${name} not known` : `no ${name}` };
}

function levelsThatHold(facts: DriverFacts, butNot: readonly string[]): readonly string[] {
  return facts.columns
    .filter((entry) => valueOf(facts, entry) === 1)
    .flatMap((entry) => levelOf(entry) ?? [])
    .filter((level) => !butNot.includes(level))
    .map((level) => LEVEL_WORDS.get(level) ?? spoken(level))
    .sort();
}

const LEVEL_WORDS: ReadonlyMap<string, string> = new Map([
  ['rbc', 'red cells'],
  ['cryo', 'cryoprecipitate'],
  ['icu', 'ICU'],
]);

/** The age features stop at 90, as ages over 89 are hidden in the data the models are made from. */
const AGE_CAP = 90;

function describeAge(_facts: DriverFacts, _strongest: ColumnContribution, value: number): DriverDescription {
  if (Number.isNaN(value)) return { wording: 'age not known' };
  const years = value >= AGE_CAP ? `${AGE_CAP} years or more` : `${Math.floor(value)} years`;
  return { wording: `age ${years}`, value, unit: 'a' };
}

function describeSex({ record }: DriverFacts): DriverDescription {
  return { wording: record.sex === 'male' || record.sex === 'female' ? `${record.sex} sex` : 'sex not known' };
}

function describeProduct(facts: DriverFacts, strongest: ColumnContribution, value: number): DriverDescription {
  const products = levelsThatHold(facts, ['units', 'stat']);
  const level = levelOf(strongest);
  const more = [
    ...(level === 'units' && !Number.isNaN(value) ? [`${value} ${value === 1 ? 'unit' : 'units'}`] : []),
    ...(level === 'stat' ? [value === 1 ? 'stat' : 'not stat'] : []),
  ];
  const named = products.length > 0 ? products : ['not specified'];
  return { wording: `blood product ordered: ${[...named, ...more].join(', ')}` };
}

/** These columns hold log(1 + hours). */
function describeTimeSinceAdmission(_f: DriverFacts, strongest: ColumnContribution, value: number): DriverDescription {
  const name = `time since ${levelOf(strongest) === 'icu' ? 'ICU ' : ''}admission`;
  if (Number.isNaN(value)) return { wording: `${name} not known` };
  const hours = Math.expm1(value);
  const printed = hours < 72 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} d`;
  return { wording: `${name} ${printed}`, value: hours, unit: 'h' };
}

function describeComorbidity(facts: DriverFacts, strongest: ColumnContribution, value: number): DriverDescription {
  if (Number.isNaN(value)) return { wording: 'earlier diagnoses not known' };
  const level = levelOf(strongest);
  if (level === 'index') return { wording: `Charlson index ${value}` };
  const diagnoses = levelsThatHold(facts, ['index', 'no-record']);
  return {
    wording: diagnoses.length > 0 ? `earlier diagnoses: ${diagnoses.join(', ')}` : 'no earlier diagnoses on record',
  };
}

function describePriorExposure(_facts: DriverFacts, { column }: ColumnContribution, value: number): DriverDescription {
  const measure = column.kind === 'aggregate' ? column.measure : '';
  const within = column.kind === 'static' ? '' : ` in ${printedWindow(column.windowHours)}`;
  if (Number.isNaN(value)) {
    return {
      wording:
        measure === 'hours_since_last' ? `no blood product given${within}` : 'blood products already given not known',
    };
  }
  if (measure === 'hours_since_last')
    return { wording: `last blood product ${Math.round(value)} h before`, value, unit: 'h' };
  if (measure === 'massive') return { wording: `${value === 1 ? '' : 'no '}massive transfusion${within}` };
  if (measure === 'cell_salvage_ml')
    return { wording: `cell salvage ${Math.round(value)} mL${within}`, value, unit: 'mL' };
  const product = measure.replace(/^units:/, '');
  const units = `${value === 0 ? 'no' : value} ${value === 1 ? 'unit' : 'units'} of ${LEVEL_WORDS.get(product) ?? spoken(product)}`;
  return { wording: `${units} already given${within}`, value, unit: '{unit}' };
}
