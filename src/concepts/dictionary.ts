import { ServiceError } from '../errors/service-error.js';
import type { AcceptedLoinc, Concept, ConceptKey, SourceKey } from './concept.js';
import { parseDictionary } from './parse-dictionary.js';
import content from './dictionary.json' with { type: 'json' };

export type MimicTable = 'labevents' | 'chartevents' | 'inputevents' | 'outputevents' | 'procedureevents';

export const MIMIC_TABLES: readonly MimicTable[] = [
  'labevents',
  'chartevents',
  'inputevents',
  'outputevents',
  'procedureevents',
];

/** All concepts, in the order of the reference table. */
export const concepts: readonly Concept[] = parseDictionary(content);

const byKey = new Map(concepts.map((concept) => [concept.key, concept]));
const byLoinc = new Map(
  concepts.flatMap((concept) => loincOf(concept).map((loinc) => [loinc.code, asCoded(concept, loinc)] as const)),
);
const bySnomed = new Map(
  concepts.flatMap((concept) => (concept.snomed ?? []).map(({ code }) => [code, concept] as const)),
);
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

/**
 * The concept a LOINC code stands for, or undefined. Where the code means another quantity than the primary one (urea
 * instead of urea nitrogen), its `conversions` are those of the code, so that `toCanonical` gives the concept's quantity.
 */
export function conceptByLoinc(code: string): Concept | undefined {
  return byLoinc.get(code);
}

/** The concept a SNOMED CT code stands for, or undefined. */
export function conceptBySnomed(code: string): Concept | undefined {
  return bySnomed.get(code);
}

/** The concept a MIMIC-IV item id stands for in a table, or undefined. */
export function conceptByMimicItem(table: MimicTable, itemId: number): Concept | undefined {
  return byMimicItem.get(`${table}/${itemId}`);
}

/** The LOINC code a MIMIC-IV item means: its own, else the concept's primary one; undefined where it has none. */
export function loincOfMimicItem(table: MimicTable, itemId: number): AcceptedLoinc | undefined {
  const concept = conceptByMimicItem(table, itemId);
  if (!concept) return undefined;
  const code = concept.mimicIv.itemLoinc?.[itemId];
  return code === undefined ? (concept.loinc.primary ?? undefined) : loincOf(concept).find((own) => own.code === code);
}

/** The concepts read from one source, in dictionary order. */
export function conceptsOfSource(source: SourceKey): readonly Concept[] {
  return concepts.filter((concept) => concept.source === source);
}

/** Primary and accepted LOINC codes of a concept, primary first. */
export function loincCodes(concept: Concept): readonly string[] {
  return loincOf(concept).map(({ code }) => code);
}

function loincOf({ loinc }: Concept): readonly AcceptedLoinc[] {
  return [...(loinc.primary ? [loinc.primary] : []), ...loinc.accepted];
}

function asCoded(concept: Concept, { conversions }: AcceptedLoinc): Concept {
  return conversions === undefined ? concept : { ...concept, conversions, hasClosedUnits: true };
}
