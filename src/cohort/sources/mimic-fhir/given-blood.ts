import { readAdministrations } from '../../../record/administrations.js';
import { MIMIC_MEDICATION_ICU } from '../../../record/code-systems.js';
import { codings, type Element } from '../../../record/element.js';
import { startRejectionTally } from '../../../record/rejection-tally.js';
import { BLOOD_PRODUCTS } from '../../../orders/product-class.js';
import type { TransfusionEvent } from '../../cohort-source.js';
import { asResource } from './as-resource.js';

/** Items charted by the operating room and the recovery room, on arrival in the ICU. @see MIMIC-IV `d_items` (`OR …`, `PACU …`) */
const PLACE_BY_ITEM: ReadonlyMap<string, TransfusionEvent['place']> = new Map([
  ...['226368', '226367', '226369', '226371'].map((item) => [item, 'operating-room'] as const),
  ...['227070', '227072', '227071'].map((item) => [item, 'recovery-room'] as const),
]);

/**
 * The blood products a MedicationAdministration or Procedure says were given, by the reader of the record. What it rejects is
 * counted where the record is made, not here.
 */
export function readTransfusions(resource: Element): readonly TransfusionEvent[] {
  const place = codings(resource, 'medicationCodeableConcept').flatMap(({ system, code }) =>
    system === MIMIC_MEDICATION_ICU ? (PLACE_BY_ITEM.get(code) ?? []) : [],
  )[0];
  return readAdministrations([asResource(resource)], startRejectionTally()).flatMap(
    ({ kind, agent, startMs, volumeMl, evidence }) =>
      kind !== 'blood'
        ? []
        : [
            {
              evidence,
              product: BLOOD_PRODUCTS.find((product) => product === agent) ?? ('unspecified' as const),
              startMs,
              ...(volumeMl === undefined ? {} : { volumeMl }),
              place: place ?? ('bedside' as const),
            },
          ],
  );
}
