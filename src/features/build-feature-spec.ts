import { concepts, conceptByKey } from '../concepts/dictionary.js';
import type { Concept, ConceptKey } from '../concepts/concept.js';
import type { FeatureSpec, Statistic, TabularColumn } from './feature-spec.js';
import { FORMULA_PARTS } from './tabular/derived-columns.js';
import { EXPOSURE_PRODUCTS } from './tabular/prior-exposure.js';
import { STATIC_LEVELS } from './tabular/record-columns.js';

export const MAX_SERIES_TOKENS = 256;
export const MAX_NOTE_CHUNKS = 8;
export const MAX_NOTE_WORDS = 250;

const WHOLE_WINDOW: readonly Statistic[] = [
  'last',
  'min',
  'max',
  'mean',
  'delta',
  'slope',
  'count',
  'hours_since_last',
];

/** Concepts that are measured by columns of other concepts (counts, hours since last) and have none of their own. */
const WITHOUT_COLUMNS: ReadonlySet<ConceptKey> = new Set(['measurement']);

export interface FeatureSpecOptions {
  readonly id: string;
  readonly concepts: readonly ConceptKey[];
  /** Narrows levels of a static concept to those a source can observe. */
  readonly levels?: Readonly<Record<ConceptKey, readonly string[]>>;
}

/**
 * The feature spec whose columns, tokens and states are those of the given concepts and of no other, in dictionary order.
 * Throws ERR_INTERNAL for a key that is not in the dictionary.
 */
export function buildFeatureSpec({ id, concepts: keys, levels = {} }: FeatureSpecOptions): FeatureSpec {
  keys.forEach(conceptByKey);
  const chosen = concepts.filter(({ key }) => keys.includes(key));
  return {
    specVersion: 1,
    id,
    tabular: [...chosen.flatMap((concept) => columnsOf(concept, levels)), ...formulas(keys)],
    series: {
      concepts: chosen.filter(({ kinds }) => kinds.includes('series')).map(({ key }) => key),
      maxTokens: MAX_SERIES_TOKENS,
      windowHours: 48,
    },
    notes: { maxChunks: MAX_NOTE_CHUNKS, maxWords: MAX_NOTE_WORDS, windowHours: 168 },
    states: chosen.map(({ key }) => key),
  };
}

/** The feature spec of every concept of the dictionary. */
export function fullFeatureSpec(): FeatureSpec {
  return buildFeatureSpec({ id: 'full', concepts: concepts.map(({ key }) => key) });
}

function columnsOf(concept: Concept, levels: Readonly<Record<ConceptKey, readonly string[]>>): TabularColumn[] {
  const { key, kinds } = concept;
  if (WITHOUT_COLUMNS.has(key)) return [];
  if (kinds.includes('series')) return statistics(concept);
  if (kinds.includes('aggregate')) return aggregates(key);
  const own = levels[key] ?? STATIC_LEVELS[key];
  if (!own) return [{ name: key, kind: 'static', concept: key }];
  return own.map((level) => ({ name: `${key}__${level.replaceAll('-', '_')}`, kind: 'static', concept: key, level }));
}

function statistics({ key, source }: Concept): TabularColumn[] {
  const column = (statistic: Statistic, windowHours: number): TabularColumn => ({
    name: `${key}__${statistic}_${windowHours}h`,
    kind: 'statistic',
    concept: key,
    statistic,
    windowHours,
  });
  return [
    ...WHOLE_WINDOW.map((statistic) => column(statistic, 48)),
    ...(['min', 'max', 'mean'] as const).map((statistic) => column(statistic, 24)),
    ...(source === 'vitals' ? (['min', 'max', 'mean'] as const).map((statistic) => column(statistic, 6)) : []),
  ];
}

function aggregates(key: ConceptKey): TabularColumn[] {
  const column = (measure: string, windowHours: number): TabularColumn => ({
    name: `${key}__${measure.replaceAll(':', '_').replaceAll('-', '_')}_${windowHours}h`,
    kind: 'aggregate',
    concept: key,
    measure,
    windowHours,
  });
  switch (key) {
    case 'urine_mlkgh':
      return [column('rate', 6), column('rate', 24)];
    case 'urine_24h':
      return [column('rate', 24)];
    case 'nee':
      return [column('now', 24), column('max', 24)];
    case 'prior_exposure':
      return [
        ...[6, 24, 168].flatMap((hours) => EXPOSURE_PRODUCTS.map((product) => column(`units:${product}`, hours))),
        column('hours_since_last', 168),
        column('massive', 24),
        column('cell_salvage_ml', 24),
      ];
    default:
      return [];
  }
}

function formulas(keys: readonly ConceptKey[]): TabularColumn[] {
  return Object.entries(FORMULA_PARTS)
    .filter(([, parts]) => parts.every((part) => keys.includes(part)))
    .map(([formula, parts]) => ({
      name: `${formula}_24h`,
      kind: 'derived',
      concept: parts[0] ?? formula,
      formula,
      windowHours: 24,
    }));
}
