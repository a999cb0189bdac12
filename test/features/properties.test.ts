import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { columnSources } from '../../src/cohort/column-sources.js';
import { fullFeatureSpec } from '../../src/features/build-feature-spec.js';
import type { FeatureTensors } from '../../src/features/feature-tensors.js';
import { mapFeatures } from '../../src/features/map-features.js';
import type { Administration, ObservedValue, PatientRecord } from '../../src/record/patient-record.js';
import { HOUR_MS, record, T0 } from '../support/record-builder.js';

const spec = fullFeatureSpec();
const KEYS = [
  'hr',
  'sbp',
  'dbp',
  'map',
  'creatinine',
  'lactate',
  'gcs_motor',
  'gcs_eye',
  'gcs_verbal',
  'urine_mlkgh',
  'weight',
  'fio2',
  'po2',
  'o2_flow',
  'peep',
  'hb',
  'hct',
  'plt',
  'bili',
];

/** Everything the tensors hold, as text: equal text is equal bytes. */
function bytes(tensors: FeatureTensors): string {
  const { tabular, states, series, notes, evidence, modalities } = tensors;
  const raw = [tabular, states, series.conceptIds, series.hoursBefore, series.values, series.mask, notes.mask];
  const arrays = raw.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex'));
  return JSON.stringify([arrays, notes.chunks, [...evidence], modalities]);
}

const hoursArbitrary = fc.integer({ min: -20, max: 220 }).map((quarters) => quarters / 4);

const valueArbitrary: fc.Arbitrary<ObservedValue> = fc
  .record({
    concept: fc.constantFrom(...KEYS),
    value: fc.integer({ min: 1, max: 60 }),
    hours: hoursArbitrary,
    delay: fc.integer({ min: 0, max: 6 }),
    id: fc.nat(9),
  })
  .map(({ concept, value, hours, delay, id }) => {
    const timeMs = T0 - hours * HOUR_MS;
    return { concept, value, timeMs, availableMs: timeMs + delay * HOUR_MS, evidence: `Observation/${id}` };
  });

const administrationArbitrary: fc.Arbitrary<Administration> = fc
  .record({
    agent: fc.constantFrom('rbc', 'plasma', 'whole-blood', 'unspecified', 'norepinephrine', 'dopamine', 'dobutamine'),
    hours: hoursArbitrary,
    lasts: fc.option(fc.integer({ min: 0, max: 30 })),
    delay: fc.integer({ min: 0, max: 3 }),
    amount: fc.integer({ min: 1, max: 900 }),
    id: fc.nat(9),
  })
  .map(({ agent, hours, lasts, delay, amount, id }) => {
    const startMs = T0 - hours * HOUR_MS;
    const isDrug = agent === 'norepinephrine' || agent === 'dopamine' || agent === 'dobutamine';
    const rate = amount > 800 ? {} : { rate: { value: amount / 100, unit: 'ug/kg/min' as const } };
    return {
      kind: !isDrug ? 'blood' : agent === 'dobutamine' ? 'inotrope' : 'vasopressor',
      agent,
      startMs,
      ...(lasts === null ? {} : { endMs: startMs + lasts * HOUR_MS }),
      availableMs: startMs + delay * HOUR_MS,
      ...(isDrug ? rate : { volumeMl: amount }),
      evidence: `MedicationAdministration/${id}`,
    };
  });

const noteArbitrary = fc
  .record({
    text: fc.constantFrom('IMPRESSION: bleeding.', 'Stable.\n\nOld text.', 'Old text.', 'PLAN: platelets.'),
    hours: hoursArbitrary,
    kind: fc.constantFrom('progress' as const, 'radiology' as const),
  })
  .map(({ text, hours, kind }) => ({
    text,
    kind,
    availableMs: T0 - hours * HOUR_MS,
    evidence: `DocumentReference/${hours}`,
  }));

const recordArbitrary: fc.Arbitrary<PatientRecord> = fc
  .record({
    values: fc.array(valueArbitrary, { maxLength: 60 }),
    administrations: fc.array(administrationArbitrary, { maxLength: 8 }),
    procedures: fc.array(
      hoursArbitrary.map((hours) => ({
        kind: 'invasive-ventilation' as const,
        startMs: T0 - hours * HOUR_MS,
        availableMs: T0 - hours * HOUR_MS,
        evidence: 'p',
      })),
      { maxLength: 3 },
    ),
    encounters: fc.array(
      fc
        .record({
          setting: fc.constantFrom('icu' as const, 'inpatient' as const, 'emergency' as const, 'ambulatory' as const),
          admissionType: fc.option(fc.constantFrom('elective' as const, 'emergency' as const), { nil: undefined }),
          hours: hoursArbitrary,
          lasts: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
        })
        .map(({ setting, admissionType, hours, lasts }) => ({
          setting,
          ...(admissionType === undefined ? {} : { admissionType }),
          startMs: T0 - hours * HOUR_MS,
          ...(lasts === undefined ? {} : { endMs: T0 - (hours - lasts) * HOUR_MS }),
          evidence: 'e',
        })),
      { maxLength: 4 },
    ),
    conditions: fc.array(
      hoursArbitrary.map((hours) => ({ charlson: 'dementia', recordedMs: T0 - hours * HOUR_MS, evidence: 'c' })),
      { maxLength: 3 },
    ),
    notes: fc.array(noteArbitrary, { maxLength: 6 }),
    orders: fc.array(
      fc
        .record({
          products: fc.subarray(['rbc' as const, 'plasma' as const, 'granulocytes' as const]),
          orderedUnits: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        })
        .map(({ products, orderedUnits }) => ({
          products,
          ...(products.length === 0 ? { unspecified: true as const } : {}),
          ...(orderedUnits === undefined ? {} : { orderedUnits }),
          reference: 'ServiceRequest/a',
        })),
      { maxLength: 3 },
    ),
  })
  .map(record);

const map = (one: PatientRecord, predictionTimeMs = T0): string => bytes(mapFeatures(one, spec, { predictionTimeMs }));

describe('for any chart', () => {
  test('the order of the lists never matters', () => {
    fc.assert(
      fc.property(recordArbitrary, fc.infiniteStream(fc.nat()), (one, stream) => {
        const shuffled = <T>(list: readonly T[]): T[] =>
          list
            .map((item) => [stream.next().value as number, item] as const)
            .sort(([a], [b]) => a - b)
            .map(([, item]) => item);
        const other = {
          ...one,
          values: shuffled(one.values),
          administrations: shuffled(one.administrations),
          procedures: shuffled(one.procedures),
          encounters: shuffled(one.encounters),
          conditions: shuffled(one.conditions),
          notes: shuffled(one.notes),
          orders: shuffled(one.orders),
        };
        expect(map(other)).toBe(map(one));
      }),
    );
  });

  test('nothing that became available after the prediction time changes a byte', () => {
    const later = fc.integer({ min: 1, max: 400 * HOUR_MS });
    fc.assert(
      fc.property(recordArbitrary, recordArbitrary, later, (one, noise, delay) => {
        const timeMs = T0 + delay;
        const future: PatientRecord = {
          ...one,
          values: [
            ...one.values,
            ...noise.values.map((value) => ({ ...value, timeMs: Math.min(value.timeMs, T0), availableMs: timeMs })),
            ...noise.values.map((value) => ({ ...value, timeMs, availableMs: timeMs })),
          ],
          administrations: [
            ...one.administrations.map((given) =>
              given.endMs !== undefined && given.endMs <= T0 ? given : { ...given, endMs: timeMs, volumeMl: 5000 },
            ),
            ...noise.administrations.map((given) => ({ ...given, availableMs: timeMs })),
          ],
          procedures: [
            ...one.procedures.map((done) => ({ ...done, endMs: timeMs })),
            ...noise.procedures.map((done) => ({ ...done, availableMs: timeMs })),
          ],
          encounters: [
            ...one.encounters.map((stay) =>
              stay.endMs !== undefined && stay.endMs <= T0 ? stay : { ...stay, endMs: timeMs },
            ),
            ...noise.encounters.map((stay) => ({ ...stay, startMs: timeMs })),
          ],
          conditions: [...one.conditions, ...noise.conditions.map((entry) => ({ ...entry, recordedMs: timeMs }))],
          notes: [...one.notes, ...noise.notes.map((note) => ({ ...note, availableMs: timeMs }))],
        };
        expect(map(future)).toBe(map(one));
      }),
    );
  });

  test('the same values once more change nothing', () => {
    fc.assert(
      fc.property(recordArbitrary, (one) => {
        expect(map({ ...one, values: [...one.values, ...one.values] })).toBe(map(one));
      }),
    );
  });

  test('shifting every time and the prediction time together changes no tensor', () => {
    fc.assert(
      fc.property(recordArbitrary, fc.integer({ min: 1, max: 30 }), (one, days) => {
        const by = days * 24 * HOUR_MS;
        const shift = <T extends object>(list: readonly T[]): T[] =>
          list.map(
            (item) =>
              Object.fromEntries(
                Object.entries(item).map(([k, v]) => [
                  k,
                  k.endsWith('Ms') && k !== 'delayMs' ? (v as number) + by : (v as unknown),
                ]),
              ) as T,
          );
        const moved = {
          ...one,
          values: shift(one.values),
          administrations: shift(one.administrations),
          procedures: shift(one.procedures),
          encounters: shift(one.encounters),
          conditions: shift(one.conditions),
          notes: shift(one.notes),
        };
        const here = mapFeatures(one, spec, { predictionTimeMs: T0 });
        const there = mapFeatures(moved, spec, { predictionTimeMs: T0 + by });
        expect(there.tabular).toEqual(here.tabular);
        expect(there.series).toEqual(here.series);
      }),
    );
  });

  test('a source that cannot be read empties columns and turns none into another value', () => {
    fc.assert(
      fc.property(recordArbitrary, (one) => {
        expect(() => columnSources(spec, [{ record: one, predictionTimeMs: T0 }])).not.toThrow();
      }),
    );
  });

  test('never more than 256 tokens or 8 chunks', () => {
    fc.assert(
      fc.property(recordArbitrary, (one) => {
        const { series, notes } = mapFeatures(one, spec, { predictionTimeMs: T0 });
        expect(series.tokens).toBeLessThanOrEqual(256);
        expect(notes.chunks.length).toBeLessThanOrEqual(8);
        expect(series.mask.reduce((a, b) => a + b, 0)).toBe(series.tokens);
      }),
    );
  });
});
