import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rmSync } from 'node:fs';
import { signingSessions } from '../../../src/cohort/sources/mimic-iv/blood-orders.js';
import { deathMs, diedWithinSevenDays } from '../../../src/cohort/sources/mimic-iv/death.js';
import { isoAtOffset, mimicIso, mimicMs } from '../../../src/cohort/sources/mimic-iv/mimic-time.js';
import { openMimicIv, type MimicIvSource } from '../../../src/cohort/sources/mimic-iv/open-mimic-iv.js';
import type { ObservedValue } from '../../../src/record/patient-record.js';
import { TABLES, writeLayout } from './made-up-layout.js';

let folder: string;
let source: MimicIvSource;
beforeAll(async () => {
  folder = writeLayout();
  source = await openMimicIv(folder);
});
afterAll(() => {
  source.close();
  rmSync(folder, { recursive: true });
});

describe('MIMIC-IV layout', () => {
  const values = async (concept: string): Promise<readonly ObservedValue[]> =>
    (await source.chart('7')).record([]).values.filter((value) => value.concept === concept);

  test('a result is available from its store time, at one fixed offset', async () => {
    const [creatinine] = await values('creatinine');
    expect(creatinine).toMatchObject({
      value: 1.4,
      timeMs: Date.parse('2150-03-04T06:00:00-05:00'),
      availableMs: Date.parse('2150-03-04T07:00:00-05:00'),
    });
  });

  test("'>150' keeps its bound and its comparator", async () => {
    expect(await values('ptt')).toMatchObject([{ value: 150, comparator: '>' }]);
  });

  test('pO2 counts only from an arterial specimen', async () => {
    expect((await values('po2')).map(({ value }) => value)).toEqual([88]);
  });

  test('a potassium in furlongs is not used, and counted', async () => {
    expect(await values('potassium')).toEqual([]);
    expect((await source.chart('7')).record([]).rejections).toContainEqual({
      reason: 'unit-unknown',
      concept: 'potassium',
      count: 1,
    });
  });

  test('the verbal score under a tube is missing; the one before it stays', async () => {
    expect((await values('gcs_verbal')).map(({ value }) => value)).toEqual([5]);
  });

  test('a verbal score that could not be given because of a tube is missing on both roads, whatever number it has', async () => {
    const layout = writeLayout({
      'icu/procedureevents': 'subject_id,starttime,endtime,storetime,itemid,orderid\n',
      'icu/chartevents': `${TABLES['icu/chartevents'] ?? ''}7,2150-03-04 09:30:00,,223900,No Response-ETT,1,\n`,
    });
    const other = await openMimicIv(layout);
    const chart = await other.chart('7');
    const verbal = chart.record([]).values.filter(({ concept }) => concept === 'gcs_verbal');
    expect(verbal.map(({ value }) => value).sort()).toEqual([1, 5]);
    expect(JSON.stringify(chart.resources)).toContain('"valueString":"No Response-ETT"');
    other.close();
    rmSync(layout, { recursive: true });
  });

  test('Fahrenheit and pounds become Celsius and kilograms; irrigant counts negative', async () => {
    expect((await values('temp'))[0]?.value).toBeCloseTo(37, 9);
    expect((await values('weight'))[0]?.value).toBeCloseTo(80.01, 2);
    expect((await values('urine_mlkgh')).map(({ value }) => value).sort((a, b) => a - b)).toEqual([-100, 300]);
  });

  test('rewritten infusions are dropped; rates and volumes are read', async () => {
    const { administrations } = (await source.chart('7')).record([]);
    expect(administrations).toHaveLength(2);
    expect(administrations).toContainEqual(
      expect.objectContaining({ agent: 'norepinephrine', rate: { value: 0.2, unit: 'ug/kg/min' } }),
    );
    expect(administrations).toContainEqual(expect.objectContaining({ agent: 'rbc', volumeMl: 350 }));
  });

  test('as FHIR: non-invasive pressure is a panel, and no diagnosis is recorded before discharge', async () => {
    const { resources } = await source.chart('7');
    const text = JSON.stringify(resources);
    expect(text).toContain('85354-9');
    const condition = resources.find(({ resourceType }) => resourceType === 'Condition');
    expect(condition).toMatchObject({ recordedDate: '2150-03-09T10:00:00-05:00' });
  });

  test('orders of one minute are one signing; a discontinued order is none; tests are not orders', () => {
    expect(source.bloodOrders.map(({ transaction }) => transaction)).toEqual(['New', 'Change', 'D/C']);
    const sessions = signingSessions(source.bloodOrders);
    expect(sessions).toHaveLength(1);
    expect(sessions[0]).toMatchObject({ predictionTimeMs: Date.parse('2150-03-04T10:00:40-05:00') });
  });

  test('death within 7 days is after the order and at most 7 days after it', async () => {
    const died = (await source.chart('7')).deathMs;
    expect(died).toBe(Date.parse('2150-03-09T09:30:00-05:00'));
    expect(diedWithinSevenDays(died, Date.parse('2150-03-04T10:00:00-05:00'))).toBe(true);
    expect(diedWithinSevenDays(died, Date.parse('2150-03-02T09:29:59-05:00'))).toBe(false);
    expect(diedWithinSevenDays(died, (died ?? 0) + 1)).toBe(false);
    expect(deathMs({ dod: '2150-03-09' }, [])).toBe(Date.parse('2150-03-09T23:59:00-05:00'));
  });

  test('times round-trip at the fixed offset', () => {
    expect(mimicIso('2150-03-04 10:00:05')).toBe('2150-03-04T10:00:05-05:00');
    expect(isoAtOffset(mimicMs('2150-03-04 10:00:05') ?? 0)).toBe('2150-03-04T10:00:05-05:00');
    expect(mimicMs(null)).toBeUndefined();
  });
});

describe('bad call: a folder that does not fit', () => {
  test.each([
    ['a missing table', { 'icu/inputevents': undefined }, /icu\/inputevents\.csv\.gz is missing/],
    [
      'a header without a column',
      { 'hosp/labevents': 'labevent_id,subject_id\n1,7\n' },
      /hosp\/labevents\.csv: line 1: the header has no column specimen_id/,
    ],
    [
      'an order type that is not known',
      {
        'hosp/poe':
          'poe_id,poe_seq,subject_id,hadm_id,ordertime,order_type,order_subtype,transaction_type\n7-9,1,7,70,2150-03-04 10:00:05,Blood Bank,Leech Product Order,New\n',
      },
      /row 7-9/,
    ],
  ])('%s is named', async (_title, change, message) => {
    const bad = writeLayout(change);
    await expect(openMimicIv(bad)).rejects.toThrow(message);
    rmSync(bad, { recursive: true });
  });
});
