import { concepts } from '../../../concepts/dictionary.js';
import { readAdministrations } from '../../../record/administrations.js';
import { readConditions } from '../../../record/conditions.js';
import type { Element } from '../../../record/element.js';
import { readObservations } from '../../../record/observations.js';
import { readProcedures } from '../../../record/procedures.js';
import { startRejectionTally } from '../../../record/rejection-tally.js';
import { asResource } from './as-resource.js';

const HOUR_MS = 3_600_000;
const LONGEST_LOOK_BACK_HOURS = Math.max(...concepts.map(({ lookBackHours }) => lookBackHours));
/** Values of the first hours after an index come along too: the guards need a future to move. */
const FUTURE_HOURS = 6;

/**
 * Why a resource of a wanted chart cannot matter to any index; undefined where it may. Asked of the readers themselves: what
 * gives no fact and no rejection of a known code is of no interest, and values are none outside every look-back.
 */
export function reasonToLeaveOut(resource: Element, indexMs: readonly number[]): string | undefined {
  const tally = startRejectionTally();
  const one = [asResource(resource)];
  switch (resource['resourceType']) {
    case 'Observation': {
      const values = readObservations(one, tally);
      if (values.length === 0) {
        return tally.counts().some(({ concept }) => concept !== undefined) ? undefined : 'no concept of the dictionary';
      }
      return outsideEveryWindow(values, indexMs);
    }
    case 'MedicationAdministration':
    case 'Procedure': {
      const found = readAdministrations(one, tally).length + readProcedures(one, tally).length;
      return found > 0 || tally.counts().length > 0 ? undefined : 'no drug, product or life support that is read';
    }
    case 'Condition': {
      const found = readConditions(one, tally).length;
      return found > 0 || tally.counts().length > 0 ? undefined : 'no Charlson category';
    }
    default:
      return undefined;
  }
}

function outsideEveryWindow(
  values: readonly { readonly timeMs: number }[],
  indexMs: readonly number[],
): string | undefined {
  const times = values.map(({ timeMs }) => timeMs);
  if (Math.min(...times) > Math.max(...indexMs) + FUTURE_HOURS * HOUR_MS) return 'after the last index';
  const isTooOld = Math.max(...times) < Math.min(...indexMs) - LONGEST_LOOK_BACK_HOURS * HOUR_MS;
  return isTooOld ? 'before every look-back' : undefined;
}
