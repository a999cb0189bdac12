import { describe, expect, test } from '@jest/globals';
import type { Medication, MedicationAdministration } from 'fhir/r4.js';
import { agentOfMimicItem } from '../../src/record/administration-code-table.js';
import { infusionRate } from '../../src/record/infusion-rate.js';
import type { Administration } from '../../src/record/patient-record.js';
import { T0, administration, hoursBefore, procedure, without } from '../support/fhir-resources.js';
import { recordOf } from './charts.js';

const HOUR_MS = 3_600_000;
const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const SNOMED = 'http://snomed.info/sct';
const MIMIC = 'http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-medication-icu';
const V2 = 'http://terminology.hl7.org/CodeSystem/v2-0426';
const STORE_TIME = 'https://hemolens.org/fhir/StructureDefinition/store-time';
const UCUM = 'http://unitsofmeasure.org';
const NOREPINEPHRINE = { system: RXNORM, code: '7512' };

function one(resource: MedicationAdministration): Administration {
  const [found, ...others] = recordOf([resource]).administrations;
  if (!found || others.length > 0) throw new Error(`${others.length + (found ? 1 : 0)} administrations`);
  return found;
}

describe('which drug or product', () => {
  test.each([
    [RXNORM, '7512', 'vasopressor', 'norepinephrine'],
    [MIMIC, '222315', 'vasopressor', 'vasopressin'],
    [MIMIC, '221986', 'inotrope', 'milrinone'],
    [RXNORM, '8782', 'sedative', 'propofol'],
    [MIMIC, '225168', 'blood', 'rbc'],
    [MIMIC, '226369', 'blood', 'platelets'],
    [V2, 'FFP', 'blood', 'plasma'],
    [SNOMED, '116795008', 'blood', 'cryo'],
    [MIMIC, '225173', 'cell-salvage', 'cell-salvage'],
    [MIMIC, '220862', 'derivative', 'albumin'],
  ])('%s %s is %s %s', (system, code, kind, agent) => {
    expect(one(administration({ system, code }))).toMatchObject({ kind, agent });
  });

  test('a drug of no interest is passed over in silence', () => {
    const record = recordOf([
      administration({ system: RXNORM, code: '161' }),
      administration({ system: 'urn:x', code: '7512' }),
    ]);
    expect([record.administrations, record.rejections]).toEqual([[], []]);
  });

  test('the ingredient of a contained Medication counts', () => {
    const given = without(administration(NOREPINEPHRINE), 'medicationCodeableConcept');
    const medication: Medication = {
      resourceType: 'Medication',
      id: 'm',
      ingredient: [{ itemCodeableConcept: { coding: [NOREPINEPHRINE] } }],
    };
    const resource: MedicationAdministration = {
      ...given,
      medicationReference: { reference: '#m' },
      contained: [medication],
    };
    expect(one(resource).agent).toBe('norepinephrine');
  });

  test('item ids mean the same to the CSV road', () => {
    expect(agentOfMimicItem(221906)).toEqual({ kind: 'vasopressor', agent: 'norepinephrine' });
    expect(agentOfMimicItem(999999)).toBeUndefined();
  });

  test.each([
    ['116863004', 'rbc'],
    ['12719002', 'platelets'],
    ['116859006', 'unspecified'],
  ])('a transfusion charted as a Procedure is an exposure too: %s', (code, agent) => {
    expect(recordOf([procedure({ system: SNOMED, code })]).administrations).toMatchObject([{ kind: 'blood', agent }]);
  });
});

describe('status and time', () => {
  test.each(['in-progress', 'on-hold', 'completed', 'stopped'] as const)('%s was given', (status) => {
    expect(recordOf([administration(NOREPINEPHRINE, { status })]).administrations).toHaveLength(1);
  });
  test.each(['not-done', 'entered-in-error', 'unknown'] as const)('%s was not, and is counted', (status) => {
    const record = recordOf([administration(NOREPINEPHRINE, { status })]);
    expect([record.administrations, record.rejections]).toEqual([[], [{ reason: 'status', count: 1 }]]);
  });
  test('it is known from its start, or from the store time if that is later', () => {
    expect(one(administration(NOREPINEPHRINE))).toMatchObject({
      startMs: T0 - 3 * HOUR_MS,
      endMs: T0 - HOUR_MS,
      availableMs: T0 - 3 * HOUR_MS,
    });
    const stored = (valueDateTime: string) =>
      recordOf([administration(NOREPINEPHRINE, { extension: [{ url: STORE_TIME, valueDateTime }] })]);
    expect(stored(hoursBefore(2)).administrations[0]?.availableMs).toBe(T0 - 2 * HOUR_MS);
    expect(stored(hoursBefore(5)).administrations[0]?.availableMs).toBe(T0 - 3 * HOUR_MS);
    expect(stored('2031-05-10').rejections).toEqual([{ reason: 'no-time', count: 1 }]);
  });
  test('a running one has no end, a moment ends at once, a bare date cannot be placed', () => {
    const rest = without(administration(NOREPINEPHRINE), 'effectivePeriod');
    const running = one({ ...rest, status: 'in-progress', effectivePeriod: { start: hoursBefore(3) } });
    expect(running.endMs).toBeUndefined();
    expect(one({ ...rest, effectiveDateTime: hoursBefore(3) }).endMs).toBe(T0 - 3 * HOUR_MS);
    expect(recordOf([{ ...rest, effectiveDateTime: '2031-05-10' }]).rejections).toEqual([
      { reason: 'no-time', count: 1 },
    ]);
  });
});

describe('dose', () => {
  const rateOf = (dosage: NonNullable<MedicationAdministration['dosage']>, code = '7512') =>
    one(administration({ system: RXNORM, code }, { dosage })).rate;

  test('a rate by quantity and the same by ratio', () => {
    const rate = { value: 0.12, unit: 'ug/kg/min' };
    expect(rateOf({ rateQuantity: { value: 0.12, system: UCUM, code: 'ug/kg/min' } })).toEqual(rate);
    expect(rateOf({ rateQuantity: { value: 0.12, unit: 'mcg/kg/min' } })).toEqual(rate);
    const ratio = { numerator: { value: 1.2, unit: 'ug/kg' }, denominator: { value: 10, unit: 'min' } };
    expect(rateOf({ rateRatio: ratio })).toEqual(rate);
  });
  test('vasopressin by the hour is U/min', () => {
    expect(rateOf({ rateQuantity: { value: 2.4, unit: 'units/hour' } }, '11149')).toEqual({
      value: 2.4 / 60,
      unit: 'U/min',
    });
  });
  test('a volume in millilitres or litres', () => {
    const volumeOf = (dose: { value: number; unit: string }) =>
      one(administration({ system: MIMIC, code: '225168' }, { dosage: { dose } })).volumeMl;
    expect(volumeOf({ value: 350, unit: 'ml' })).toBe(350);
    expect(volumeOf({ value: 0.35, unit: 'L' })).toBe(350);
    expect(volumeOf({ value: 1, unit: 'dose' })).toBeUndefined();
  });
});

describe('infusionRate', () => {
  test.each<[string, number, string, number]>([
    ['norepinephrine', 0.1, 'mcg/kg/min', 0.1],
    ['norepinephrine', 6, 'ug/kg/h', 0.1],
    ['dopamine', 0.3, 'mg/kg/hour', 5],
    ['phenylephrine', 1, 'µg/kg/min', 1],
    ['epinephrine', 1, 'ug.kg/min', 1],
    ['norepinephrine', 100, 'ng/kg/min', 0.1],
    ['vasopressin', 0.04, '[U]/min', 0.04],
    ['vasopressin', 1.8, 'units/hour', 0.03],
    ['vasopressin', 30, 'mU/min', 0.03],
  ])('%s %f %s', (agent, value, unit, canonical) => {
    expect(infusionRate(agent, value, unit)?.value).toBeCloseTo(canonical, 12);
  });
  test.each<[string, number, string | undefined]>([
    ['norepinephrine', 8, 'ug/min'],
    ['norepinephrine', 10, 'mL/h'],
    ['norepinephrine', 0.1, undefined],
    ['norepinephrine', 0.1, 'ug/kg'],
    ['norepinephrine', -0.1, 'ug/kg/min'],
    ['norepinephrine', Number.NaN, 'ug/kg/min'],
    ['norepinephrine', 2, 'units/hour'],
    ['vasopressin', 0.04, 'ug/kg/min'],
  ])('is not guessed: %s %f %s', (agent, value, unit) => {
    expect(infusionRate(agent, value, unit)).toBeUndefined();
  });
});
