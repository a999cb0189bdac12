import type { FhirResource } from 'fhir/r4.js';
import { agentOf, type Agent } from './administration-code-table.js';
import { STORE_TIME_EXTENSION } from './code-systems.js';
import { child, children, codings, codingsOf, isElement, number, referenceTo, text, type Element } from './element.js';
import { instantMs } from './fhir-time.js';
import { infusionRate } from './infusion-rate.js';
import { unitOf } from './observed-reading.js';
import type { Administration } from './patient-record.js';
import type { RejectionTally } from './rejection-tally.js';

/** `entered-in-error`, `unknown` and `not-done` were not given, as far as anyone knows. */
const GIVEN = new Set(['in-progress', 'on-hold', 'completed', 'stopped']);
const VOLUME_ML: ReadonlyMap<string, number> = new Map([
  ['ml', 1],
  ['cl', 10],
  ['dl', 100],
  ['l', 1000],
]);

/**
 * Drugs and blood products given: MedicationAdministrations of the agents in `administration-codes.json`, and
 * transfusions charted as Procedures. Agents of no interest are passed over in silence; what is of interest and could
 * not be used (status, no time of day) is counted in `tally`.
 */
export function readAdministrations(
  resources: readonly FhirResource[],
  tally: RejectionTally,
): readonly Administration[] {
  return resources.flatMap((resource: unknown) => {
    if (!isElement(resource)) return [];
    switch (resource['resourceType']) {
      case 'MedicationAdministration':
        return readOne(resource, agentOf(medicationCodes(resource)), 'effective', tally);
      case 'Procedure': {
        const agent = agentOf(codings(resource, 'code'));
        return agent?.kind === 'blood' ? readOne(resource, agent, 'performed', tally) : [];
      }
      default:
        return [];
    }
  });
}

function readOne(
  resource: Element,
  agent: Agent | undefined,
  when: 'effective' | 'performed',
  tally: RejectionTally,
): readonly Administration[] {
  if (!agent) return [];
  if (!GIVEN.has(text(resource, 'status') ?? '')) {
    tally.add('status');
    return [];
  }
  const interval = readInterval(resource, when);
  if (!interval) {
    tally.add('no-time');
    return [];
  }
  const dosage = child(resource, 'dosage');
  const rate = readRate(dosage, agent.agent);
  const volumeMl = readVolumeMl(child(dosage, 'dose'));
  return [
    {
      ...agent,
      ...interval,
      ...(rate === undefined ? {} : { rate }),
      ...(volumeMl === undefined ? {} : { volumeMl }),
      evidence: referenceTo(resource),
    },
  ];
}

/** Codes of the drug itself and of the ingredients of a contained Medication. */
function medicationCodes(administration: Element): ReturnType<typeof codings> {
  const reference = text(child(administration, 'medicationReference'), 'reference');
  const medication = children(administration, 'contained').find(
    (contained) => `#${text(contained, 'id') ?? ''}` === reference,
  );
  const ingredients = children(medication, 'ingredient');
  return [
    ...codings(administration, 'medicationCodeableConcept'),
    ...codings(medication, 'code'),
    ...ingredients.flatMap((ingredient) => codingsOf(child(ingredient, 'itemCodeableConcept'))),
  ];
}

/**
 * Start, end and availability of something given or done (`effective…` or `performed…`). Available from the start, or
 * from the store time where an extension names a later one; undefined without a time of day, or with a store time that
 * cannot be read. A moment (`effectiveDateTime`) starts and ends at once.
 */
export function readInterval(
  resource: Element,
  when: 'effective' | 'performed',
): Pick<Administration, 'startMs' | 'endMs' | 'availableMs'> | undefined {
  const period = child(resource, `${when}Period`);
  const moment = text(resource, `${when}DateTime`);
  const startMs = instantMs(moment ?? text(period, 'start'));
  const endMs = moment === undefined ? instantMs(text(period, 'end')) : startMs;
  const storeTimes = children(resource, 'extension').filter(({ url }) => url === STORE_TIME_EXTENSION);
  const storedMs = storeTimes.map((extension) => instantMs(text(extension, 'valueDateTime')));
  if (startMs === undefined || storedMs.includes(undefined)) return undefined;
  return {
    startMs,
    ...(endMs === undefined || endMs < startMs ? {} : { endMs }),
    availableMs: Math.max(startMs, ...storedMs.filter((ms) => ms !== undefined)),
  };
}

/** `rateQuantity`, or `rateRatio` (0.1 ug/kg per 1 min) as its quotient. */
function readRate(dosage: Element | undefined, agent: string): Administration['rate'] {
  const quantity = child(dosage, 'rateQuantity');
  const value = number(quantity, 'value');
  if (value !== undefined) return infusionRate(agent, value, unitOf(quantity));
  const ratio = child(dosage, 'rateRatio');
  const [above, below] = [child(ratio, 'numerator'), child(ratio, 'denominator')];
  const [amount, per] = [number(above, 'value'), number(below, 'value') ?? 1];
  const [amountUnit, perUnit] = [unitOf(above), unitOf(below)];
  if (amount === undefined || per <= 0 || amountUnit === undefined || perUnit === undefined) return undefined;
  return infusionRate(agent, amount / per, `${amountUnit}/${perUnit}`);
}

function readVolumeMl(dose: Element | undefined): number | undefined {
  const value = number(dose, 'value');
  const factor = VOLUME_ML.get(unitOf(dose)?.toLowerCase() ?? '');
  return value === undefined || factor === undefined || value < 0 ? undefined : value * factor;
}
