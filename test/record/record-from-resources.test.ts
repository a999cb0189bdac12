import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FhirResource } from 'fhir/r4.js';
import { SOURCE_KEYS } from '../../src/concepts/concept.js';
import type { PatientRecord } from '../../src/record/patient-record.js';
import { recordFromResources } from '../../src/record/record-from-resources.js';
import { administration, heartRate, hoursBefore, observation, procedure } from '../support/fhir-resources.js';
import { chartOf, recordOf } from './charts.js';

const resources: readonly FhirResource[] = [
  observation(),
  observation({ id: 'odd', valueQuantity: { value: 7, unit: 'furlong' } }),
  observation({ id: 'mistake', status: 'entered-in-error' }),
  heartRate(1),
  heartRate(3),
  observation({ id: 'v' }, { loinc: '9270-0', value: 1, unit: '{score}', hours: 7 }),
  procedure({ system: 'http://snomed.info/sct', code: '1258985005' }),
  procedure({ system: 'http://snomed.info/sct', code: '12719002' }),
  administration({ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '7512' }),
];

/** The record with its lists in an order of their own. */
function sorted(record: PatientRecord): unknown {
  const byText = (list: readonly unknown[]): readonly string[] => list.map((item) => JSON.stringify(item)).sort();
  return {
    ...record,
    values: byText(record.values),
    administrations: byText(record.administrations),
    procedures: byText(record.procedures),
  };
}

describe('recordFromResources', () => {
  test('the order of resources never matters', () => {
    const expected = sorted(recordOf(resources));
    fc.assert(
      fc.property(fc.shuffledSubarray([...resources], { minLength: resources.length }), (shuffled) => {
        expect(sorted(recordOf(shuffled))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('what cannot be used is counted by reason and concept, never with a value', () => {
    expect(recordOf(resources, { foreignResources: 2 }).rejections).toEqual([
      { reason: 'intubated-verbal', concept: 'gcs_verbal', count: 1 },
      { reason: 'other-patient', count: 2 },
      { reason: 'status', concept: 'hb', count: 1 },
      { reason: 'unit-unknown', concept: 'hb', count: 1 },
    ]);
  });

  test('coverage and orders are passed on', () => {
    const orders = [{ products: ['rbc' as const], reference: 'ServiceRequest/d1' }];
    const record = recordFromResources(chartOf(resources), orders);
    expect(record.orders).toBe(orders);
    expect(Object.keys(record.coverage)).toEqual(SOURCE_KEYS);
  });

  test('fault: resources with any content never throw', () => {
    const types = [
      'Observation',
      'MedicationAdministration',
      'Procedure',
      'Encounter',
      'Condition',
      'DocumentReference',
      'Patient',
    ];
    const isResource = (value: unknown): value is FhirResource => typeof value === 'object' && value !== null;
    const member = fc.constantFrom(
      'status',
      'code',
      'component',
      'valueQuantity',
      'valueString',
      'effectiveDateTime',
      'effectivePeriod',
      'performedPeriod',
      'period',
      'class',
      'type',
      'location',
      'contained',
      'dosage',
      'extension',
      'recordedDate',
      'date',
      'content',
      'identifier',
    );
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(member, fc.jsonValue()), (resourceType, members) => {
        const odd: unknown = { id: 'p1', ...members, resourceType };
        if (!isResource(odd)) throw new Error('unreachable');
        recordOf([odd, { ...observation(), id: hoursBefore(1) }], { source: 'labs' });
      }),
      { numRuns: 500 },
    );
  });
});
