import { describe, expect, test } from '@jest/globals';
import { concepts } from '../../src/concepts/dictionary.js';
import {
  nameInSentence,
  printedAge,
  printedUnit,
  printedValue,
  printedWindow,
} from '../../src/explanation/display-format.js';

describe('values as clinicians print them', () => {
  test.each([
    ['lactate', 6.1, 'mmol/L', '6.1 mmol/L'],
    ['map', 64.7, 'mm[Hg]', '65 mmHg'],
    ['plt', 38, '10*3/uL', '38 ×10³/µL'],
    ['temp', 38.25, 'Cel', '38.3 °C'],
    ['ph', 7.1, '[pH]', '7.10'],
    ['inr', 2.34, '{INR}', '2.3'],
    ['gcs_motor', 4, '{score}', '4'],
    ['hr', 118, '/min', '118/min'],
    ['nee', 0.125, 'ug/kg/min', '0.13 µg/kg/min'],
    ['base_excess', -0.04, 'mmol/L', '0.0 mmol/L'],
    ['base_excess', -8, 'mmol/L', '-8.0 mmol/L'],
    ['fibrinogen', 151.4, 'mg/dL', '151 mg/dL'],
    ['age', 81, 'a', '81 years'],
  ])('%s %s in UCUM %s is %s', (concept, value, unit, printed) => {
    expect(printedValue(concept, value, unit)).toBe(printed);
  });

  test('no unit of the dictionary is printed with UCUM brackets', () => {
    const printed = concepts.flatMap(({ unit, featureUnit }) => [printedUnit(unit), printedUnit(featureUnit)]);
    expect(printed.filter((unit) => /[[\]{}*]/.test(unit))).toEqual([]);
  });
});

describe('ages', () => {
  test.each([
    [0, 'just now'],
    [0.2, '12 min ago'],
    [0.99, '59 min ago'],
    [0.999, '1 h ago'],
    [2.4, '2 h ago'],
    [47.4, '47 h ago'],
    [72, '3 d ago'],
  ])('%s h is %s', (hours, printed) => {
    expect(printedAge(hours)).toBe(printed);
  });

  test('look-backs are spoken of in hours up to three days', () => {
    expect([6, 48, 72, 168, 720].map(printedWindow)).toEqual(['6 h', '48 h', '72 h', '7 d', '30 d']);
  });
});

test('names stand in a sentence: acronyms and proper names keep their capitals', () => {
  expect(
    ['Lactate', 'INR', 'pH', 'Glasgow coma score', 'heart rate'].map((display) => nameInSentence({ display })),
  ).toEqual(['lactate', 'INR', 'pH', 'Glasgow coma score', 'heart rate']);
});
