import type { Concept } from '../concepts/concept.js';
import { conceptByLoinc, conceptByMimicItem, conceptBySnomed } from '../concepts/dictionary.js';
import {
  ARTERIAL_SPECIMEN_SNOMED,
  ARTERIAL_SPECIMEN_V2,
  LOINC,
  MIMIC_ITEMS,
  MIMIC_LAB_ITEMS,
  SNOMED_CT,
  V2_0487_SPECIMEN_TYPE,
} from './code-systems.js';
import { child, children, codings, codingsOf, text, type CodedValue, type Element } from './element.js';

/** The dictionary concept of an Observation (or component); `refused` where the specimen does not fit. */
export type ConceptMatch =
  | {
      readonly kind: 'concept';
      readonly concept: Concept;
      /** Its volume counts negative (irrigant in). */
      readonly isSubtracted: boolean;
    }
  | { readonly kind: 'refused'; readonly concept: Concept }
  | { readonly kind: 'unmapped' };

/** LOINC 2703-7 says arterial blood itself; any other code of pO2 needs an arterial specimen beside it. */
const ARTERIAL_PO2_LOINC = '2703-7';
const PO2 = 'po2';

/**
 * Which concept `element.code` means: by LOINC or SNOMED CT, else by MIMIC item id. Where codings mean several concepts, primary
 * codes win, then the key that comes first, so that the order of codings does not matter.
 * `observation` is the resource a component belongs to (it names the specimen).
 */
export function matchConcept(element: Element, observation: Element): ConceptMatch {
  const coded = codings(element, 'code');
  const byLoinc = coded.flatMap(({ system, code }) => {
    const concept = system === LOINC ? conceptByLoinc(code) : system === SNOMED_CT ? conceptBySnomed(code) : undefined;
    return concept ? [{ concept, isPrimary: concept.loinc.primary?.code === code }] : [];
  });
  byLoinc.sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary) || (a.concept.key < b.concept.key ? -1 : 1));
  const concept = byLoinc[0]?.concept ?? matchItem(coded);
  if (!concept) return { kind: 'unmapped' };
  if (concept.key === PO2 && !isArterialPo2(coded, observation)) return { kind: 'refused', concept };
  const isSubtracted = coded.some(
    ({ system, code }) => system === MIMIC_ITEMS && concept.mimicIv.subtract?.includes(Number(code)) === true,
  );
  return { kind: 'concept', concept, isSubtracted };
}

function matchItem(coded: readonly CodedValue[]): Concept | undefined {
  const found = coded.flatMap(({ system, code }) => {
    const item = /^\d+$/.test(code) ? Number(code) : undefined;
    if (item === undefined) return [];
    if (system === MIMIC_LAB_ITEMS) return [conceptByMimicItem('labevents', item)];
    if (system === MIMIC_ITEMS)
      return [conceptByMimicItem('chartevents', item) ?? conceptByMimicItem('outputevents', item)];
    return [];
  });
  return found.filter((concept) => concept !== undefined).sort((a, b) => (a.key < b.key ? -1 : 1))[0];
}

function isArterialPo2(coded: readonly CodedValue[], observation: Element): boolean {
  if (coded.some(({ system, code }) => system === LOINC && code === ARTERIAL_PO2_LOINC)) return true;
  const reference = text(child(observation, 'specimen'), 'reference');
  const specimen = children(observation, 'contained').find(
    (contained) => text(contained, 'resourceType') === 'Specimen' && `#${text(contained, 'id') ?? ''}` === reference,
  );
  return codingsOf(child(specimen, 'type')).some(
    ({ system, code }) =>
      (system === SNOMED_CT && code === ARTERIAL_SPECIMEN_SNOMED) ||
      (system === V2_0487_SPECIMEN_TYPE && code === ARTERIAL_SPECIMEN_V2),
  );
}
