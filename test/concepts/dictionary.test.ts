import { describe, expect, test } from '@jest/globals';
import {
  conceptByKey,
  conceptByLoinc,
  conceptByMimicItem,
  conceptBySnomed,
  concepts,
  loincCodes,
  loincOfMimicItem,
  MIMIC_TABLES,
} from '../../src/concepts/dictionary.js';
import content from '../../src/concepts/dictionary.json' with { type: 'json' };
import { parseDictionary } from '../../src/concepts/parse-dictionary.js';
import { BLOOD_PRESSURE_PANEL, prefetchTemplateTexts } from '../../src/concepts/prefetch-codes.js';
import { ucumUnit } from '../../src/concepts/units.js';
import { UNITS } from '../../src/concepts/unit-table.js';

describe('dictionary of concepts', () => {
  test('holds every row of the reference table, 1 to 66', () => {
    const rows = new Set(concepts.map(({ row }) => row));
    expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: 66 }, (_, i) => i + 1));
  });

  test('names each concept once', () => {
    expect(new Set(concepts.map(({ key }) => key)).size).toBe(concepts.length);
  });

  test('gives no LOINC code two meanings', () => {
    const codes = concepts.flatMap(loincCodes);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  test('gives no MIMIC-IV item two meanings', () => {
    for (const table of MIMIC_TABLES) {
      const items = concepts.flatMap(({ mimicIv }) => mimicIv[table] ?? []);
      expect(items.filter((item, index) => items.indexOf(item) !== index)).toEqual([]);
    }
  });

  test('gives no name of eICU or Challenge 2012 two meanings', () => {
    for (const source of ['eicu', 'challenge2012'] as const) {
      const names = concepts.flatMap((concept) => concept[source]);
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    }
  });

  test('SaO2 of Challenge 2012 is a saturation, and its troponin I is not troponin T', () => {
    const keyOf = (name: string): string | undefined =>
      concepts.find(({ challenge2012 }) => challenge2012.includes(name))?.key;
    expect(keyOf('SaO2')).toBe('spo2');
    expect(keyOf('TroponinT')).toBe('troponin_t');
    expect(keyOf('TroponinI')).toBeUndefined();
    expect(keyOf('GCS')).toBe('gcs_total');
  });

  test('knows every measured parameter of Challenge 2012 that is a concept of ours', () => {
    const names =
      'Albumin ALP ALT AST Bilirubin BUN Creatinine DiasABP FiO2 GCS Glucose HCO3 HCT HR K Lactate Mg MAP MechVent Na ' +
      'NIDiasABP NIMAP NISysABP PaCO2 PaO2 pH Platelets RespRate SaO2 SysABP Temp TroponinT Urine WBC Weight Age Gender Height';
    expect(concepts.flatMap(({ challenge2012 }) => challenge2012).sort()).toEqual(names.split(' ').sort());
  });

  test('every LOINC code has a valid check digit', () => {
    for (const code of [...concepts.flatMap(loincCodes), BLOOD_PRESSURE_PANEL]) {
      const [digits, check] = code.split('-');
      const sum = Array.from(digits ?? '')
        .reverse()
        .map((digit, index) => Number(digit) * (index % 2 === 0 ? 2 : 1))
        .reduce((total, n) => total + Math.floor(n / 10) + (n % 10), 0);
      expect(`${code} ${(10 - (sum % 10)) % 10}`).toBe(`${code} ${check ?? ''}`);
    }
  });

  test('canonical units and conversions are units this project understands', () => {
    for (const { unit, conversions, mimicIv, loinc } of concepts) {
      if (unit !== null && unit !== '{unit}' && unit !== 'h') expect(Object.keys(UNITS)).toContain(unit);
      for (const { from } of [...conversions, ...loinc.accepted.flatMap((accepted) => accepted.conversions ?? [])])
        expect(Object.keys(UNITS)).toContain(from);
      for (const text of Object.values(mimicIv.itemUnits ?? {})) expect(Object.keys(UNITS)).toContain(ucumUnit(text));
    }
  });

  test('look-back is 7 days for transfusions, 30 for weight and height, else 48 hours', () => {
    const longer = concepts.filter(({ lookBackHours }) => lookBackHours !== 48);
    expect(longer.map(({ key, lookBackHours }) => `${key} ${lookBackHours}`)).toEqual([
      'weight 720',
      'height 720',
      'prior_exposure 168',
    ]);
  });

  test('keep ranges are in order, and haemoglobin keeps what a bleeding patient has', () => {
    for (const { range } of concepts) if (range) expect(range.low).toBeLessThan(range.high);
    expect(conceptByKey('hb').range).toEqual({ low: 1.5, high: 25 });
    expect(conceptByKey('hct').range?.low).toBe(5);
  });

  test('every code the reference doubts is confirmed with its source, or left out by name', () => {
    const confirmed = ['59260-0', '48664-7', '2524-7', '2519-7', '2028-9', '22664-7', '14631-6', '67151-1'];
    const all = concepts.flatMap(({ loinc }) => [...(loinc.primary ? [loinc.primary] : []), ...loinc.accepted]);
    for (const doubted of confirmed)
      expect(all.find(({ code }) => code === doubted)?.source).toMatch(/\.fsh|\.tsv|\.json/);
    expect(conceptByKey('rass').leftOut?.map(({ code }) => code)).toEqual(['54632-5']);
  });

  test('what is left out is used nowhere', () => {
    const leftOut = concepts.flatMap((concept) => concept.leftOut ?? []).map(({ code }) => code);
    expect(leftOut.length).toBeGreaterThan(5);
    for (const code of leftOut) {
      expect(conceptByLoinc(code)).toBeUndefined();
      expect(conceptBySnomed(code)).toBeUndefined();
      for (const table of MIMIC_TABLES) expect(conceptByMimicItem(table, Number(code))).toBeUndefined();
      expect(concepts.filter(({ eicu }) => eicu.includes(code))).toEqual([]);
      expect(JSON.stringify(prefetchTemplateTexts())).not.toContain(code);
    }
  });

  test('items that subtract, carry a unit or carry a code of their own belong to their concept', () => {
    for (const concept of concepts) {
      const own = MIMIC_TABLES.flatMap((table) => concept.mimicIv[table] ?? []).map(String);
      const { subtract = [], itemUnits = {}, itemLoinc = {} } = concept.mimicIv;
      for (const item of [...subtract.map(String), ...Object.keys(itemUnits), ...Object.keys(itemLoinc)])
        expect(own).toContain(item);
      for (const code of Object.values(itemLoinc)) expect(loincCodes(concept)).toContain(code);
    }
  });

  test('a cuff pressure has the LOINC code of a cuff pressure, a whole-blood sodium that of blood', () => {
    expect(loincOfMimicItem('chartevents', 220179)?.display).toBe('Systolic blood pressure by Noninvasive');
    expect(loincOfMimicItem('labevents', 50824)?.code).toBe('2947-0');
    expect(loincOfMimicItem('labevents', 50983)?.code).toBe('2951-2');
    expect(loincOfMimicItem('chartevents', 228096)).toBeUndefined();
    expect(loincOfMimicItem('labevents', 1)).toBeUndefined();
  });

  test('finds concepts by code and by item', () => {
    expect(conceptByLoinc('2160-0')?.key).toBe('creatinine');
    expect(conceptByLoinc('0000-0')).toBeUndefined();
    expect(conceptBySnomed('457441000124102')?.key).toBe('rass');
    expect(conceptByMimicItem('chartevents', 220045)?.key).toBe('hr');
    expect(conceptByMimicItem('labevents', 220045)).toBeUndefined();
    expect(() => conceptByKey('haematocrite')).toThrow(/no concept 'haematocrite'/);
  });

  test('bad call: a dictionary that breaks the schema is refused with the element', () => {
    const broken = { ...content, concepts: content.concepts.map((c, i) => (i === 3 ? { ...c, unit: 5 } : c)) };
    expect(() => parseDictionary(broken)).toThrow(/\/concepts\/3\/unit/);
  });
});
