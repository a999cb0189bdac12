import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { SOURCE_KEYS } from '../../src/concepts/concept.js';
import {
  conceptByKey,
  conceptByLoinc,
  conceptByMimicItem,
  concepts,
  loincCodes,
} from '../../src/concepts/dictionary.js';
import content from '../../src/concepts/dictionary.json' with { type: 'json' };
import { parseDictionary } from '../../src/concepts/parse-dictionary.js';
import { BLOOD_PRESSURE_PANEL, observationCodes, prefetchTemplateTexts } from '../../src/concepts/prefetch-codes.js';
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
    const items = concepts.flatMap(({ mimicIv }) => [
      ...(mimicIv.labevents ?? []),
      ...(mimicIv.chartevents ?? []),
      ...(mimicIv.inputevents ?? []),
      ...(mimicIv.outputevents ?? []),
    ]);
    expect(items.filter((item, index) => items.indexOf(item) !== index)).toEqual([]);
  });

  test('every LOINC code has a valid check digit', () => {
    for (const code of [...concepts.flatMap(loincCodes), BLOOD_PRESSURE_PANEL]) {
      const [digits, check] = code.split('-');
      const sum = [...(digits ?? '')]
        .reverse()
        .map((digit, index) => Number(digit) * (index % 2 === 0 ? 2 : 1))
        .reduce((total, n) => total + Math.floor(n / 10) + (n % 10), 0);
      expect(`${code} ${(10 - (sum % 10)) % 10}`).toBe(`${code} ${check ?? ''}`);
    }
  });

  test('canonical units and conversions are units this project understands', () => {
    for (const { unit, conversions, mimicIv } of concepts) {
      if (unit !== null && unit !== '{unit}' && unit !== 'h') expect(Object.keys(UNITS)).toContain(unit);
      for (const { from } of conversions) expect(Object.keys(UNITS)).toContain(from);
      for (const text of Object.values(mimicIv.itemUnits ?? {})) expect(Object.keys(UNITS)).toContain(ucumUnit(text));
    }
  });

  test('keep ranges are in order, and haemoglobin keeps what a bleeding patient has', () => {
    for (const { range } of concepts) if (range) expect(range.low).toBeLessThan(range.high);
    expect(conceptByKey('hb').range).toEqual({ low: 1.5, high: 25 });
    expect(conceptByKey('hct').range?.low).toBe(5);
  });

  test('a code that could not be confirmed is left out by name, and used nowhere', () => {
    const leftOut = concepts.flatMap((concept) => concept.leftOut ?? []);
    expect(leftOut.map(({ code }) => code)).toEqual(expect.arrayContaining(['54632-5', '2519-7']));
    for (const { code } of leftOut) expect(conceptByLoinc(code)).toBeUndefined();
  });

  test('finds concepts by code and by item', () => {
    expect(conceptByLoinc('2160-0')?.key).toBe('creatinine');
    expect(conceptByLoinc('0000-0')).toBeUndefined();
    expect(conceptByMimicItem('chartevents', 220045)?.key).toBe('hr');
    expect(conceptByMimicItem('labevents', 220045)).toBeUndefined();
    expect(() => conceptByKey('haematocrite')).toThrow(/no concept 'haematocrite'/);
  });

  test('bad call: a dictionary that breaks the schema is refused with the element', () => {
    const broken = { ...content, concepts: content.concepts.map((c, i) => (i === 3 ? { ...c, unit: 5 } : c)) };
    expect(() => parseDictionary(broken)).toThrow(/\/concepts\/3\/unit/);
  });
});

describe('prefetch templates', () => {
  test('cds-services.json publishes the templates the dictionary gives (drift)', () => {
    const published = JSON.parse(readFileSync('cds-services.json', 'utf8')) as {
      services: { prefetch: Record<string, string> }[];
    };
    expect(published.services[0]?.prefetch).toEqual(prefetchTemplateTexts());
    expect(Object.keys(prefetchTemplateTexts()).sort()).toEqual([...SOURCE_KEYS].sort());
  });

  test('every concept that has a LOINC code and a query is asked for once', () => {
    const asked = (['labs', 'vitals', 'bedside'] as const).flatMap(observationCodes);
    expect(new Set(asked).size).toBe(asked.length);
    for (const code of concepts.flatMap(loincCodes)) expect(asked).toContain(code);
  });

  test('use bare codes: no system, no bar (some servers refuse it)', () => {
    for (const template of Object.values(prefetchTemplateTexts())) expect(template).not.toContain('|');
  });
});
