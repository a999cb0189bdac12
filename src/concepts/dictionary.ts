import { ServiceError } from '../errors/service-error.js';
import type { Concept, ConceptKey, SourceKey } from './concept.js';
import { parseDictionary } from './parse-dictionary.js';
import content from './dictionary.json' with { type: 'json' };

export type MimicTable = 'labevents' | 'chartevents' | 'inputevents' | 'outputevents' | 'procedureevents';

const MIMIC_TABLES: readonly MimicTable[] = [
  'labevents',
  'chartevents',
  'inputevents',
  'outputevents',
  'procedureevents',
];

/** All concepts, in the order of the reference table. */
export const concepts: readonly Concept[] = parseDictionary(content);

const byKey = new Map(concepts.map((concept) => [concept.key, concept]));
const byLoinc = new Map(concepts.flatMap((concept) => loincCodes(concept).map((code) => [code, concept] as const)));
const byMimicItem = new Map(
  concepts.flatMap((concept) =>
    MIMIC_TABLES.flatMap((table) =>
      (concept.mimicIv[table] ?? []).map((item) => [`${table}/${item}`, concept] as const),
    ),
  ),
);

/** The concept of a key. Throws ERR_INTERNAL for a key that is not in the dictionary. */
export function conceptByKey(key: ConceptKey): Concept {
  const concept = byKey.get(key);
  if (!concept) throw new ServiceError('ERR_INTERNAL', { detail: `no concept '${key}' in the dictionary` });
  return concept;
}

/** Is there a concept of this key? */
export function isConceptKey(key: string): boolean {
  return byKey.has(key);
}

/** The concept a LOINC code stands for, or undefined. */
export function conceptByLoinc(code: string): Concept | undefined {
  return byLoinc.get(code);
}

/** The concept a MIMIC-IV item id stands for in a table, or undefined. */
export function conceptByMimicItem(table: MimicTable, itemId: number): Concept | undefined {
  return byMimicItem.get(`${table}/${itemId}`);
}

/** The concepts read from one source, in dictionary order. */
export function conceptsOfSource(source: SourceKey): readonly Concept[] {
  return concepts.filter((concept) => concept.source === source);
}

/** Primary and accepted LOINC codes of a concept, primary first. */
export function loincCodes({ loinc }: Concept): readonly string[] {
  return [...(loinc.primary ? [loinc.primary] : []), ...loinc.accepted].map(({ code }) => code);
}
