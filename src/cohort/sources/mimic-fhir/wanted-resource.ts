import { readAdministrations } from '../../../record/administrations.js';
import { isDiagnosisOfStay, readConditions } from '../../../record/conditions.js';
import { child, codings, type Element } from '../../../record/element.js';
import { readObservations } from '../../../record/observations.js';
import { readProcedures } from '../../../record/procedures.js';
import { startRejectionTally } from '../../../record/rejection-tally.js';
import { asResource } from './as-resource.js';
import { referredId } from './identity.js';
import type { ReadStays } from './stays.js';

const HOUR_MS = 3_600_000;
/** Values of the first hours after an index come along too: the guards need a future to move. */
const FUTURE_HOURS = 6;

/**
 * Why a resource of a wanted chart cannot matter to any index; undefined where it may. Asked of the readers themselves: what
 * gives no fact and no rejection of a known code is of no interest. Of values, none that came long after the last index is; older
 * ones than any look-back stay, since that there are any is a fact of its own. Of diagnoses, none of a stay that the export does
 * not have: nobody can say whether it was over. `stays` are those of the patient.
 */
export function reasonToLeaveOut(
  resource: Element,
  { indexMs, stays }: { readonly indexMs: readonly number[]; readonly stays: readonly ReadStays[] },
): string | undefined {
  const tally = startRejectionTally();
  const one = [asResource(resource)];
  switch (resource['resourceType']) {
    case 'Observation': {
      const values = readObservations(one, tally);
      if (values.length === 0) {
        return tally.counts().some(({ concept }) => concept !== undefined) ? undefined : unmapped(resource);
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
      if (found > 0 && isDiagnosisOfStay(resource) && !hasItsStay(resource, stays)) {
        return 'its Encounter is not in the export';
      }
      return found > 0 || tally.counts().length > 0 ? undefined : 'no Charlson category';
    }
    default:
      return undefined;
  }
}

/** Names the first code, so that a site sees by count what its dictionary lacks. */
function unmapped(observation: Element): string {
  const [first] = codings(observation, 'code');
  return first ? `no concept for ${first.system}|${first.code}` : 'no code';
}

/** Is the Encounter of a diagnosis there, and every one that it is part of? */
function hasItsStay(condition: Element, stays: readonly ReadStays[]): boolean {
  const outerOf = new Map(stays.map(({ encounterId, within }) => [encounterId, within]));
  const seen = new Set<string>();
  let id: string | undefined = referredId(child(condition, 'encounter'), 'Encounter') ?? '';
  while (id !== undefined && !seen.has(id)) {
    if (!outerOf.has(id)) return false;
    seen.add(id);
    id = outerOf.get(id);
  }
  return true;
}
