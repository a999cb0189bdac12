import { describe, expect, test } from '@jest/globals';
import { concepts } from '../../../src/concepts/dictionary.js';
import { datasetCardMarkdown } from '../../../src/cohort/report/dataset-card-markdown.js';
import { distributionsSvg } from '../../../src/cohort/report/distributions-svg.js';
import { missingnessSvg } from '../../../src/cohort/report/missingness-svg.js';
import { reportFiles } from '../../../src/cohort/report/report-files.js';
import { cardOf, emptyCard, hostileCard } from './made-up-card.js';
import { hasSoundNumbers, readSvg, textsOf } from './read-svg.js';

describe('missingness', () => {
  test('concepts stand in the order of the dictionary, by group, each with its share observed', () => {
    const texts = textsOf(readSvg(missingnessSvg(cardOf().states)));
    expect(texts.slice(3)).toEqual([
      'haemodynamics',
      ...['heart rate', '100 %', 'diastolic blood pressure', '0 %'],
      'haematology',
      ...['haemoglobin', '90 %'],
      'metabolic',
      ...['lactate', '62.5 %'],
    ]);
  });

  test('the three states of a concept fill one bar', () => {
    const bars = readSvg(missingnessSvg({ hb: [0.9, 0, 0.1] })).filter(
      ({ name, attributes }) => name === 'rect' && attributes['x'] !== undefined && Number(attributes['y']) > 30,
    );
    expect(bars.map(({ attributes }) => Number(attributes['width']))).toEqual([360, 0, 40]);
  });

  test('every concept of the dictionary can be drawn; none gives an empty page', () => {
    const all = Object.fromEntries(concepts.map(({ key }) => [key, [0.5, 0.25, 0.25] as const]));
    const texts = textsOf(readSvg(missingnessSvg(all)));
    expect(concepts.every(({ display }) => texts.includes(display))).toBe(true);
    expect(textsOf(readSvg(missingnessSvg({})))).toHaveLength(3);
  });
});

describe('distributions', () => {
  test('median, quartiles and number of values stand above each histogram; the tallest bar fills it', () => {
    const elements = readSvg(distributionsSvg(cardOf().distributions));
    expect(textsOf(elements)).toEqual(expect.arrayContaining(['haemoglobin g/dL', '7.4 (6.6–8.2), n 14', '4', '10']));
    const heights = elements
      .filter(({ name, attributes }) => name === 'rect' && attributes['fill'] === '#2b6cb0')
      .map(({ attributes }) => Number(attributes['height']));
    expect(heights).toEqual([14.5, 58, 29, 0]);
  });

  test('a concept without values has no numbers made up for it', () => {
    const elements = readSvg(distributionsSvg(cardOf().distributions));
    expect(textsOf(elements)).toContain('– (–––), n 0');
    expect(hasSoundNumbers(elements)).toBe(true);
  });
});

describe('the card as a page', () => {
  test('says source, licence, label, counts, splits, guards, rejections and digests', () => {
    const page = datasetCardMarkdown(cardOf());
    for (const words of [
      'MIMIC-IV, version 3.1',
      'PhysioNet Credentialed Health Data License 1.5.0',
      'death in (t0, t0 + 7 days]',
      '| all episodes | 47 | 9 |',
      '| held\\_out | 9 | 2 |',
      '| result-filed-after-index | 4321 |',
      '| out-of-range: haemoglobin | 7 |',
      '| haemoglobin | 90 % | 0 % | 10 % |',
      '| temp \\[degF\\] | 54 |',
      'count as known when charted: 17.',
      '`inotrope_on`',
      'f'.repeat(64),
      'a'.repeat(64),
    ]) {
      expect(page).toContain(words);
    }
  });

  test('a text of the source cannot add headings, cells or mark-up', () => {
    const page = datasetCardMarkdown(hostileCard());
    expect(page).not.toContain('<script');
    expect(page.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
  });

  test('empty sections say so', () => {
    const page = datasetCardMarkdown(emptyCard());
    expect(page).toContain('## Values not used\n\nNone.');
    expect(page).not.toMatch(/NaN|undefined/);
  });
});

test.each([
  ['made up', cardOf()],
  ['hostile', hostileCard()],
  ['empty', emptyCard()],
])('a %s card gives every file, all drawings well-formed, and the same bytes each time', (_words, card) => {
  const files = reportFiles(card);
  expect([...files.keys()]).toEqual([
    ...['attrition.json', 'attrition.md', 'attrition.svg', 'dataset-card.md', 'missingness.svg', 'distributions.svg'],
  ]);
  for (const [name, text] of files) {
    if (name.endsWith('.svg')) expect(hasSoundNumbers(readSvg(text))).toBe(true);
    expect(text).toBe(reportFiles(card).get(name));
    expect(text.endsWith('\n')).toBe(true);
  }
});
