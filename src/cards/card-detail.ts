import type { NotScoredReason, RiskAssessment } from '../assessment/risk-assessment.js';
import type { SourceKey } from '../concepts/concept.js';
import { conceptByKey } from '../concepts/dictionary.js';
import type { RiskPrediction } from '../ensemble/risk-prediction.js';
import type { Driver, Explanation, PartContribution } from '../explanation/explanation.js';
import type { BloodOrder } from '../record/patient-record.js';
import { NOT_SCORED_WORDS, orderedProducts, REASON_WORDS, SOURCE_WORDS, TIER_WORDS, wordList } from './card-words.js';
import type { ChartGaps } from './chart-gaps.js';
import { escapeMarkdown } from './escape-markdown.js';
import { missingInWords, partsInWords } from './model-parts.js';
import { formatPercentage } from './percentage.js';

/** Absent measurements named on the card; the rest is counted. */
const MOST_ABSENT = 8;

type Section = string | undefined;

/** The Markdown of a scored card: prediction, drivers, gaps, age of the data, the orders, the model and its limits. */
export function riskDetail(
  assessment: RiskAssessment,
  prediction: RiskPrediction,
  explanation: Explanation,
  gaps: ChartGaps,
): string {
  return join([
    predictionSection(prediction),
    driverSection(explanation.drivers),
    absentSection(explanation.absent),
    gapSection(gaps),
    dataAgeSection(assessment),
    orderSection(assessment),
    modelSection(prediction, explanation.parts, assessment.inIcu),
    'This is an association learned from past patients: it does not say that a transfusion helps or harms. It informs and does not replace clinical judgment.',
  ]);
}

/** The Markdown of a card that says why there is no prediction. */
export function notScoredDetail(assessment: RiskAssessment, reason: NotScoredReason, gaps: ChartGaps): string {
  const { detail } = NOT_SCORED_WORDS[reason];
  return join([
    `**No prediction was made.** ${detail}`,
    reason === 'too-little-data' && gaps.unavailable.some(({ source }) => source === 'labs' || source === 'vitals')
      ? 'There may be values that the service could not see.'
      : undefined,
    gapSection(gaps),
    orderSection(assessment),
    'No prediction says nothing about the risk, neither that it is low nor that it is high.',
  ]);
}

function join(sections: readonly Section[]): string {
  return sections.filter((section) => section !== undefined).join('\n\n');
}

function predictionSection({ probability, tier, population }: RiskPrediction): string {
  const risk = escapeMarkdown(formatPercentage(probability));
  const average = escapeMarkdown(formatPercentage(population.baseRate));
  return `**Predicted risk of death within 7 days: ${risk}** (tier: ${TIER_WORDS[tier]}). Average among the patients the model was made from: ${average}.`;
}

function driverSection(drivers: readonly Driver[]): Section {
  if (drivers.length === 0) return undefined;
  const lines = drivers.map(({ wording, contribution }) => {
    const direction = contribution > 0 ? 'higher' : 'lower';
    return `- ${escapeMarkdown(wording)}: associated with ${direction} predicted risk`;
  });
  return `Main drivers of this prediction:\n\n${lines.join('\n')}`;
}

function absentSection(absent: readonly string[]): Section {
  if (absent.length === 0) return undefined;
  return `Looked for and not found: ${wordList(absent.map(escapeMarkdown), MOST_ABSENT)}.`;
}

function gapSection({ unavailable, partlyCovered, withheldNotes, linkedRecords }: ChartGaps): Section {
  const lines = [
    ...unavailable.map(({ source, reason }) => `- ${SOURCE_WORDS[source]}: ${REASON_WORDS[reason]}`),
    ...partlyCovered.map(
      ({ source, hours }) => `- ${SOURCE_WORDS[source]}: only the last ${wholeHours(hours)} h were returned`,
    ),
    ...(withheldNotes > 0 ? [`- ${counted(withheldNotes, 'clinical note')}: restricted by security labels`] : []),
    ...(linkedRecords > 0 ? [`- ${counted(linkedRecords, 'other record')} of this patient: not read`] : []),
  ];
  return lines.length === 0 ? undefined : `Could not be read:\n\n${lines.join('\n')}`;
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

function wholeHours(hours: number): number {
  return Math.max(0, Math.floor(hours));
}

function dataAgeSection({ tensors, record, predictionTimeMs }: RiskAssessment): string {
  const newest = new Map<SourceKey, number>();
  for (const { concept, hoursBefore } of tensors.evidence.values()) {
    const { source } = conceptByKey(concept);
    if (source !== 'labs' && source !== 'vitals') continue;
    newest.set(source, Math.min(hoursBefore, newest.get(source) ?? Infinity));
  }
  const ageOf = (source: 'labs' | 'vitals', one: string): Section => {
    const hours = newest.get(source);
    if (hours !== undefined) return `newest ${one} ${ageInWords(hours)} old`;
    return record.coverage[source].kind === 'unavailable' ? undefined : `no ${one} in 48 h`;
  };
  const ages = [ageOf('labs', 'laboratory result'), ageOf('vitals', 'vital sign')].filter((age) => age !== undefined);
  const scored = `scored for ${new Date(predictionTimeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `Age of the data: ${[...ages, scored].join(', ')}.`;
}

function ageInWords(hours: number): string {
  const minutes = Math.round(hours * 60);
  return minutes < 60 ? `${minutes} min` : `${Math.round(hours)} h`;
}

function orderSection({ orders, textOnly = [] }: RiskAssessment): string {
  const lines = orders.map((order) => `- ${describeOrder(order)}`);
  const counted = new Set(orders.map(({ reference }) => reference));
  const uncounted = textOnly.filter((reference) => !counted.has(reference));
  const note =
    uncounted.length === 0
      ? ''
      : `\n\nNot counted, because only its words and no known code name a blood product: ${wordList(uncounted.map(escapeMarkdown), 3)}.`;
  return `Orders being signed:\n\n${lines.join('\n')}${note}`;
}

function describeOrder(order: BloodOrder): string {
  const units =
    order.orderedUnits === undefined ? '' : `, ${order.orderedUnits} ${order.orderedUnits === 1 ? 'unit' : 'units'}`;
  const byText = order.matchedBy === 'text' ? ', recognised by its words only' : '';
  return `${wordList(orderedProducts([order]))}${units}${byText} (${escapeMarkdown(order.reference)})`;
}

function modelSection(
  prediction: RiskPrediction,
  parts: readonly PartContribution[],
  inIcu: boolean | undefined,
): string {
  const { model, population } = prediction;
  const title = escapeMarkdown(model.title);
  const name = population.icuOnly && !/\bICU model\b/i.test(model.title) ? `General ICU model (${title})` : title;
  const lines = [
    `- ${name}, ${escapeMarkdown(`${model.id} ${model.version}`)}, made from ${escapeMarkdown(population.description)}`,
    ...(population.icuOnly ? placeOfPatient(inIcu) : []),
    ...[partsInWords(prediction, parts), missingInWords(prediction)]
      .filter((words) => words !== undefined)
      .map((words) => `- ${words}`),
    '- Research software, not for clinical use',
  ];
  return `Model and limits:\n\n${lines.join('\n')}`;
}

function placeOfPatient(inIcu: boolean | undefined): readonly string[] {
  if (inIcu === true) return [];
  return inIcu === false
    ? ['- The patient is outside its population: not in an ICU at the time of the order']
    : ['- The patient may be outside its population: it is not known whether the patient is in an ICU'];
}
