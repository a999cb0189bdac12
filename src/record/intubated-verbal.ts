import type { ConceptKey } from '../concepts/concept.js';
import type { ObservedValue, ProcedureEvent } from './patient-record.js';

const GCS_VERBAL: ConceptKey = 'gcs_verbal';
const AIRWAY = new Set<ProcedureEvent['kind']>(['invasive-ventilation', 'tracheostomy']);

/**
 * The values without the verbal scores given while a tube was in the airway: they say nothing about the brain, and 1 would
 * be untrue. `dropped` counts them. An airway counts from the time it was known (the later of start and availability), so
 * a procedure filed after the prediction time changes nothing that was visible then; without an end it runs on.
 * Every road into a PatientRecord calls this once, with all its values and procedures.
 */
export function dropIntubatedVerbal(
  values: readonly ObservedValue[],
  procedures: readonly ProcedureEvent[],
): { readonly values: readonly ObservedValue[]; readonly dropped: number } {
  const airways = procedures.filter(({ kind }) => AIRWAY.has(kind));
  if (airways.length === 0) return { values, dropped: 0 };
  const kept = values.filter(
    ({ concept, timeMs }) =>
      concept !== GCS_VERBAL ||
      !airways.some(
        ({ startMs, availableMs, endMs }) =>
          timeMs >= Math.max(startMs, availableMs) && (endMs === undefined || timeMs <= endMs),
      ),
  );
  return { values: kept, dropped: values.length - kept.length };
}
