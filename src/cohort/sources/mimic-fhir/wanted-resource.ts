import { readAdministrations } from '../../../record/administrations.js';
import { readConditions } from '../../../record/conditions.js';
import type { Element } from '../../../record/element.js';
import { readObservations } from '../../../record/observations.js';
import { readProcedures } from '../../../record/procedures.js';
import { startRejectionTally } from '../../../record/rejection-tally.js';
import { asResource } from './as-resource.js';

const HOUR_MS = 3_600_000;
/** Values of the first hours after an index come along too: the guards need a future to move. */
const FUTURE_HOURS = 6;

/**
 * Why a resource of a wanted chart cannot matter to any index; undefined where it may. Asked of the readers themselves: what
 * gives no fact and no rejection of a known code is of no interest. Of values, none that came long after the last index is; older
 * ones than any look-back stay, since that there are any is a fact of its own.
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
      const latestMs = Math.max(...indexMs) + FUTURE_HOURS * HOUR_MS;
      return values.every(({ timeMs }) => timeMs > latestMs) ? 'after the last index' : undefined;
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
