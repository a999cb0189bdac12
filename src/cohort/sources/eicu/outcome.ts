import type { AdmissionFact, ChartFacts } from '../../cohort-source.js';
import { ADMISSION_MS, minutesOf, unitMs } from './eicu-time.js';
import type { UnitStay } from './unit-stays.js';

/**
 * The hospital stay as an admission. Only `hospitaldischargestatus` tells a death. Where it is empty, the patient is known to
 * live up to the last discharge from a unit and no longer: the admission ends there, and what came after is not known.
 */
export function outcomeOf(
  chartId: string,
  units: readonly UnitStay[],
  reject: (words: string) => void,
): Pick<ChartFacts, 'admissions' | 'impossibleOutcome'> {
  const [first] = units;
  const status = first?.row['hospitaldischargestatus'] ?? '';
  const minutes = minutesOf(first?.row['hospitaldischargeoffset']);
  const dischargeMs = first === undefined || minutes === undefined ? NaN : unitMs(first, minutes);
  const lastUnitEndMs = Math.max(...units.map(({ endMs }) => endMs));
  const admission = (end: number, death?: number): AdmissionFact => ({
    admissionId: chartId,
    startMs: Math.min(ADMISSION_MS, ...units.map(({ startMs }) => startMs)),
    endMs: end,
    ...(death === undefined ? {} : { deathMs: death }),
    isDeadAtDischarge: death !== undefined,
  });
  if (units.some(({ row }) => row['hospitaldischargestatus'] !== first?.row['hospitaldischargestatus'])) {
    reject('patient: unit stays of one hospital stay contradict each other about the discharge (left out)');
    return { admissions: [admission(dischargeMs)], impossibleOutcome: 'discharge status' };
  }
  if (dischargeMs <= Math.min(...units.map(({ startMs }) => startMs))) {
    reject('patient: discharged from the hospital before the first unit stay began (left out)');
    return { admissions: [admission(dischargeMs)], impossibleOutcome: 'time of discharge' };
  }
  if (status === 'Expired') return { admissions: [admission(dischargeMs, dischargeMs)] };
  const isDeadInUnit = units.some(({ row }) => row['unitdischargestatus'] === 'Expired');
  if (isDeadInUnit) {
    reject('patient: dead at discharge from the unit and not from the hospital (left out)');
    return { admissions: [admission(dischargeMs)], impossibleOutcome: 'discharge status' };
  }
  if (status !== 'Alive') {
    reject('patient: no hospital discharge status (known to live until the last unit discharge only)');
    return { admissions: [{ ...admission(lastUnitEndMs), isOutcomeUnknown: true }] };
  }
  return { admissions: [admission(dischargeMs)] };
}
