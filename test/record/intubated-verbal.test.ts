import { describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import { dropIntubatedVerbal } from '../../src/record/intubated-verbal.js';
import type { ObservedValue, ProcedureEvent } from '../../src/record/patient-record.js';
import { T0, hoursBefore, observation, procedure, without } from '../support/fhir-resources.js';
import { recordOf } from './charts.js';

const HOUR_MS = 3_600_000;
const verbalAt = (hours: number): Observation =>
  observation({ id: `v${hours}` }, { loinc: '9270-0', value: 1, unit: '{score}', hours });
const ventilation = procedure({ system: 'http://snomed.info/sct', code: '1258985005' });
const hoursKept = (...resources: readonly (Observation | typeof ventilation)[]): readonly number[] =>
  recordOf(resources).values.map(({ timeMs }) => (T0 - timeMs) / HOUR_MS);

describe('a verbal score under an airway is missing, not 1', () => {
  test('while invasive ventilation runs, both ends included', () => {
    const scores = [12, 10, 7, 4, 2].map(verbalAt);
    expect(hoursKept(...scores, ventilation)).toEqual([12, 2]);
    expect(recordOf([...scores, ventilation]).rejections).toEqual([
      { reason: 'intubated-verbal', concept: 'gcs_verbal', count: 3 },
    ]);
  });

  test('an open period has no end', () => {
    const running = { ...ventilation, status: 'in-progress' as const, performedPeriod: { start: hoursBefore(10) } };
    expect(hoursKept(...[12, 7, 1].map(verbalAt), running)).toEqual([12]);
  });

  test('non-invasive ventilation, and ventilation that was not done, leave it', () => {
    const mask = procedure({ system: 'http://snomed.info/sct', code: '428311008' });
    const planned = { ...ventilation, status: 'not-done' as const };
    expect(hoursKept(verbalAt(7), mask, planned)).toEqual([7]);
  });

  test('other scores stay', () => {
    const motor = observation({ id: 'm' }, { loinc: '9268-4', value: 4, unit: '{score}', hours: 7 });
    expect(hoursKept(motor, ventilation)).toEqual([7]);
  });

  test.each(['1T', '1 T', 'No Response-ETT', 'Intubated', '1T - tracheostomy'])(
    'said by the result itself: %s',
    (words) => {
      const score = without(verbalAt(2), 'valueQuantity');
      for (const value of [
        { valueString: words },
        { valueCodeableConcept: { text: words } },
        { valueCodeableConcept: { coding: [{ system: 'urn:x', code: words }] } },
      ]) {
        const record = recordOf([{ ...score, ...value }]);
        expect(record.values).toEqual([]);
        expect(record.rejections).toEqual([{ reason: 'intubated-verbal', concept: 'gcs_verbal', count: 1 }]);
      }
    },
  );

  test('a procedure filed only later changes nothing that was seen before', () => {
    const value: ObservedValue = { concept: 'gcs_verbal', value: 1, timeMs: 100, availableMs: 100, evidence: 'x' };
    const airway: ProcedureEvent = { kind: 'invasive-ventilation', startMs: 50, availableMs: 150, evidence: 'p' };
    expect(dropIntubatedVerbal([value], [airway])).toEqual({ values: [value], dropped: 0 });
    expect(dropIntubatedVerbal([{ ...value, timeMs: 150 }], [airway]).dropped).toBe(1);
  });
});
