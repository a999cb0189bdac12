import { MIMIC_ITEMS } from '../../../record/code-systems.js';
import { child, codings, text, type Element } from '../../../record/element.js';
import { instantMs } from '../../../record/fhir-time.js';
import { CODE_STATUS_ITEM } from '../mimic-iv/csv-layout.js';

const COMFORT_MEASURES = 'Comfort measures only';

/** When a charted code status says comfort measures only; undefined for everything else. */
export function comfortCareMs(observation: Element): number | undefined {
  const isCodeStatus = codings(observation, 'code').some(
    ({ system, code }) => system === MIMIC_ITEMS && code === CODE_STATUS_ITEM,
  );
  if (!isCodeStatus) return undefined;
  const value = text(observation, 'valueString') ?? text(child(observation, 'valueCodeableConcept'), 'text');
  return value === COMFORT_MEASURES ? instantMs(text(observation, 'effectiveDateTime')) : undefined;
}
