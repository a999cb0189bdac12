import { describe, expect, test } from '@jest/globals';
import type { Observation, Specimen } from 'fhir/r4.js';
import type { ObservedValue, RejectionCount } from '../../src/record/patient-record.js';
import { T0, hoursBefore, observation, without } from '../support/fhir-resources.js';
import { recordOf } from './charts.js';

const HOUR_MS = 3_600_000;
const UCUM = 'http://unitsofmeasure.org';
const LOINC = 'http://loinc.org';

const valuesOf = (...observations: readonly Observation[]): readonly ObservedValue[] => recordOf(observations).values;
const rejectionsOf = (...observations: readonly Observation[]): readonly RejectionCount[] => {
  const record = recordOf(observations);
  expect(record.values).toEqual([]);
  return record.rejections;
};
const coded = (...codes: readonly (readonly [string, string])[]): Observation['code'] => ({
  coding: codes.map(([system, code]) => ({ system, code })),
});

/** An Observation without its number. */
function withoutValue(given: Partial<Observation>): Observation {
  const rest = without(observation(), 'valueQuantity');
  return { ...rest, ...given };
}

describe('one result', () => {
  test('is a value in the canonical unit with its times and where it came from', () => {
    expect(valuesOf(observation({ issued: hoursBefore(1.5) }))).toEqual([
      {
        concept: 'hb',
        value: 7.2,
        timeMs: T0 - 2 * HOUR_MS,
        availableMs: T0 - 1.5 * HOUR_MS,
        evidence: 'Observation/o-718-7-2',
      },
    ]);
  });

  test('issued before effective does not make it available earlier; without issued it is available when taken', () => {
    const [early] = valuesOf(observation({ issued: hoursBefore(9) }));
    const [plain] = valuesOf(observation());
    expect(early?.availableMs).toBe(T0 - 2 * HOUR_MS);
    expect(plain?.availableMs).toBe(T0 - 2 * HOUR_MS);
  });

  test('its unit is the UCUM code where the system is UCUM, else the text', () => {
    const asCode = observation({ valueQuantity: { value: 72, unit: 'nonsense', system: UCUM, code: 'g/L' } });
    const asText = observation({ valueQuantity: { value: 72, unit: 'g/L', system: 'urn:local', code: '17' } });
    expect(valuesOf(asCode)[0]?.value).toBeCloseTo(7.2, 12);
    expect(valuesOf(asText)[0]?.value).toBeCloseTo(7.2, 12);
  });

  test('a unit that is not understood, or none, is not guessed: the value is left out and counted', () => {
    expect(rejectionsOf(observation({ valueQuantity: { value: 7.2, unit: 'furlong' } }))).toEqual([
      { reason: 'unit-unknown', concept: 'hb', count: 1 },
    ]);
    expect(rejectionsOf(observation({ valueQuantity: { value: 7.2 } }))).toEqual([
      { reason: 'unit-missing', concept: 'hb', count: 1 },
    ]);
  });

  test('a value outside the keep range is dropped, never clipped', () => {
    expect(rejectionsOf(observation({}, { value: 72 }))).toEqual([{ reason: 'out-of-range', concept: 'hb', count: 1 }]);
  });

  test('a code without a concept is counted, without naming it', () => {
    expect(rejectionsOf(observation({ code: coded([LOINC, '99999-9']) }))).toEqual([
      { reason: 'code-unmapped', count: 1 },
    ]);
    expect(rejectionsOf(observation({ code: coded(['urn:local', '718-7']) }))).toEqual([
      { reason: 'code-unmapped', count: 1 },
    ]);
  });

  test('a MIMIC item id stands for its concept where there is no LOINC', () => {
    const item = coded(['http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-labitems', '51222']);
    expect(valuesOf(observation({ code: item }))[0]?.concept).toBe('hb');
  });

  test('the same resource under two prefetch keys counts once', () => {
    expect(valuesOf(observation(), observation())).toHaveLength(1);
  });
});

describe('status', () => {
  test.each(['final', 'amended', 'corrected'] as const)('%s is used', (status) => {
    const [value] = valuesOf(observation({ status }));
    expect(value?.value).toBe(7.2);
    expect(value?.provisional).toBeUndefined();
  });
  test('preliminary is used and marked', () => {
    expect(valuesOf(observation({ status: 'preliminary' }))[0]?.provisional).toBe(true);
  });
  test.each(['entered-in-error', 'cancelled', 'unknown', 'registered'] as const)(
    '%s is left out and counted',
    (status) => {
      expect(rejectionsOf(observation({ status }))).toEqual([{ reason: 'status', concept: 'hb', count: 1 }]);
    },
  );
});

describe('what a value looks like', () => {
  test.each<[string, Partial<Observation>, number, string | undefined]>([
    ['">150 s" in a string', { valueString: '>150 s' }, 150, '>'],
    ['"<= 12.5 s" in a string', { valueString: ' <= 12.5 s ' }, 12.5, '<='],
    ['"31 s" in a string', { valueString: '31 s' }, 31, undefined],
    [
      'a comparator in the quantity',
      { valueQuantity: { value: 150, comparator: '>', system: UCUM, code: 's' } },
      150,
      '>',
    ],
  ])('%s', (_, given, value, comparator) => {
    const [found] = valuesOf(withoutValue({ code: coded([LOINC, '14979-9']), ...given }));
    expect(found).toMatchObject({ concept: 'ptt', value });
    expect(found?.comparator).toBe(comparator);
  });

  test('an integer score needs no unit', () => {
    expect(valuesOf(withoutValue({ code: coded([LOINC, '9268-4']), valueInteger: 5 }))[0]).toMatchObject({
      concept: 'gcs_motor',
      value: 5,
    });
  });

  test.each<[string, Partial<Observation>]>([
    ['words', { valueString: 'hemolyzed' }],
    ['a decimal comma', { valueString: '7,2 g/dL' }],
    ['a range', { valueRange: { low: { value: 7 }, high: { value: 8 } } }],
    ['a code', { valueCodeableConcept: { text: 'high' } }],
  ])('%s is no number', (_, given) => {
    expect(rejectionsOf(withoutValue(given))).toEqual([{ reason: 'not-numeric', concept: 'hb', count: 1 }]);
  });

  test('a dataAbsentReason is no value and no rejection', () => {
    expect(rejectionsOf(withoutValue({ dataAbsentReason: { text: 'error' } }))).toEqual([]);
  });
});

describe('time', () => {
  test.each<[string, Partial<Observation>]>([
    ['effectiveInstant', { effectiveInstant: hoursBefore(3) }],
    ['the end of a period', { effectivePeriod: { start: hoursBefore(5), end: hoursBefore(3) } }],
    ['the start of an open period', { effectivePeriod: { start: hoursBefore(3) } }],
    ['a zone other than UTC', { effectiveDateTime: '2031-05-10T04:00:00-05:00' }],
    ['no seconds', { effectiveDateTime: '2031-05-10T09:00Z' }],
  ])('%s', (_, given) => {
    const rest = without(observation(), 'effectiveDateTime');
    expect(valuesOf({ ...rest, ...given })[0]?.timeMs).toBe(T0 - 3 * HOUR_MS);
  });

  test.each<[string, Partial<Observation>]>([
    ['a bare date', { effectiveDateTime: '2031-05-10' }],
    ['a year', { effectiveDateTime: '2031' }],
    ['a time without a zone', { effectiveDateTime: '2031-05-10T09:00:00' }],
    ['30 February', { effectiveDateTime: '2031-02-30T09:00:00Z' }],
    ['words', { effectiveDateTime: 'yesterday' }],
    ['an issued that cannot be read', { issued: '2031-05-10' }],
  ])('%s cannot be placed: left out and counted, in any local time zone', (_, given) => {
    expect(rejectionsOf(observation(given))).toEqual([{ reason: 'no-time', concept: 'hb', count: 1 }]);
  });

  test('no effective time at all', () => {
    const rest = without(observation(), 'effectiveDateTime');
    expect(rejectionsOf(rest)).toEqual([{ reason: 'no-time', concept: 'hb', count: 1 }]);
  });
});

describe('blood pressure', () => {
  const component = (code: string, value: number) => ({
    code: coded([LOINC, code]),
    valueQuantity: { value, system: UCUM, code: 'mm[Hg]' },
  });
  test('a panel and two standalone results give the same values', () => {
    const panel = withoutValue({
      id: 'bp',
      code: coded([LOINC, '85354-9']),
      component: [component('8480-6', 84), component('8462-4', 51)],
    });
    const apart = [
      observation({ id: 'bp' }, { loinc: '8480-6', value: 84, unit: 'mm[Hg]' }),
      observation({ id: 'bp2' }, { loinc: '8462-4', value: 51, unit: 'mm[Hg]' }),
    ];
    const stripped = (values: readonly ObservedValue[]) => values.map((value) => without(value, 'evidence'));
    expect(stripped(valuesOf(panel))).toEqual(stripped(valuesOf(...apart)));
  });
  test('a component without a value is passed over, one without a concept counted', () => {
    const panel = withoutValue({
      code: coded([LOINC, '85354-9']),
      component: [{ code: coded([LOINC, '8480-6']) }, component('99999-9', 1)],
    });
    expect(rejectionsOf(panel)).toEqual([{ reason: 'code-unmapped', count: 1 }]);
  });
});

describe('arterial pO2', () => {
  const gas = (code: string, type?: string): Observation => {
    const result = observation({ code: coded([LOINC, code]) }, { value: 81, unit: 'mm[Hg]' });
    if (type === undefined) return result;
    const specimen: Specimen = {
      resourceType: 'Specimen',
      id: 's',
      type: coded(['http://snomed.info/sct', type]),
    };
    return { ...result, contained: [specimen], specimen: { reference: '#s' } };
  };
  test('its own code is enough', () => {
    expect(valuesOf(gas('2703-7'))[0]).toMatchObject({ concept: 'po2', value: 81 });
  });
  test('the code for any blood counts with an arterial specimen only', () => {
    expect(valuesOf(gas('11556-8', '122552005'))[0]).toMatchObject({ concept: 'po2', value: 81 });
    const refused = [{ reason: 'code-unmapped', concept: 'po2', count: 1 }];
    expect(rejectionsOf(gas('11556-8'))).toEqual(refused);
    expect(rejectionsOf(gas('11556-8', '122555007'))).toEqual(refused);
  });
});

describe('irrigant', () => {
  const item = coded(['http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-items', '227488']);
  test('given in, it counts negative in the urine output, whichever sign it came with', () => {
    for (const value of [400, -400]) {
      const quantity = { value, system: UCUM, code: 'mL' };
      expect(valuesOf(observation({ code: item, valueQuantity: quantity }))[0]).toMatchObject({
        concept: 'urine_mlkgh',
        value: -400,
      });
    }
  });
});

describe('bad input', () => {
  test.each<[string, unknown]>([
    ['codes that are no list', { code: { coding: 'x' } }],
    ['codes that are null', { code: { coding: [null, 7, 'a'] } }],
    ['no code', { code: undefined }],
    ['a quantity that is text', { valueQuantity: '7.2' }],
    ['a number that is text', { valueQuantity: { value: '7.2', unit: 'g/dL' } }],
    ['components that are no objects', { component: [null, 'x', 3] }],
    ['a number for a time', { effectiveDateTime: 20310510 }],
    ['a contained that is no list', { contained: {}, specimen: 'x' }],
  ])('fault: %s does not break the record', (_, wrong) => {
    const odd: unknown = { ...observation(), ...(typeof wrong === 'object' ? wrong : {}) };
    const isObservation = (value: unknown): value is Observation => typeof value === 'object';
    if (!isObservation(odd)) throw new Error('unreachable');
    expect(() => recordOf([odd, observation({ id: 'good' })])).not.toThrow();
    expect(recordOf([odd, observation({ id: 'good' })]).values.length).toBeGreaterThan(0);
  });
});
