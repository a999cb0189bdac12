import { conceptByKey } from '../concepts/dictionary.js';
import type { Concept } from '../concepts/concept.js';
import type { AdministrationKind } from '../record/patient-record.js';
import { CONCEPT_STATES, type ConceptState } from './feature-tensors.js';
import { touchesWindow, windowStart } from './time-windows.js';
import { isCovered, type VisibleRecord } from './visible-record.js';

const KINDS_BY_CONCEPT: Readonly<Record<string, readonly AdministrationKind[]>> = {
  nee: ['vasopressor'],
  inotrope: ['inotrope'],
  sedation: ['sedative'],
  prior_exposure: ['blood', 'cell-salvage'],
};

/** State of every concept of the spec, shape [concepts], as indices into CONCEPT_STATES. */
export function conceptStates(record: VisibleRecord, keys: readonly string[]): Uint8Array {
  return Uint8Array.from(keys, (key) => CONCEPT_STATES.indexOf(conceptState(record, conceptByKey(key))));
}

/**
 * observed: something in the look-back. absent: the source covers the look-back and there is nothing. unavailable: it does
 * not, so nothing may be concluded.
 */
function conceptState(record: VisibleRecord, concept: Concept): ConceptState {
  const from = windowStart(record.predictionTimeMs, concept.lookBackHours);
  if (isObserved(record, concept, from)) return 'observed';
  const { source } = concept;
  if (source === 'order' || source === 'derived') return 'absent';
  return isCovered(record.source, source, from) ? 'absent' : 'unavailable';
}

function isObserved(record: VisibleRecord, { key, source }: Concept, fromMs: number): boolean {
  switch (source) {
    case 'labs':
    case 'vitals':
    case 'bedside':
      return ((record.readings.get(key) ?? []).at(-1)?.timeMs ?? -Infinity) >= fromMs;
    case 'administrations':
      return record.administrations.some(
        (given) =>
          (KINDS_BY_CONCEPT[key] ?? []).includes(given.kind) &&
          touchesWindow(given, fromMs) &&
          // The product that begins just then is the one the prediction is about.
          (key !== 'prior_exposure' || given.startMs < record.predictionTimeMs),
      );
    case 'procedures':
      return record.procedures.some(
        (done) => (done.kind === 'renal-replacement') === (key === 'rrt_24h') && touchesWindow(done, fromMs),
      );
    case 'patient':
      return key === 'age' ? record.source.birthDate !== undefined : isSexKnown(record);
    case 'encounters':
      return record.encounters.some(({ endMs }) => endMs === undefined);
    case 'conditions':
      return record.conditions.length > 0;
    case 'notes':
      return record.notes.length > 0;
    case 'order':
      return record.source.orders.length > 0;
    case 'derived':
      return record.readings.size > 0;
  }
}

function isSexKnown({ source: { sex } }: VisibleRecord): boolean {
  return sex === 'male' || sex === 'female';
}
