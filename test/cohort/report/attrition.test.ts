import { describe, expect, test } from '@jest/globals';
import { attritionMarkdown, attritionOf } from '../../../src/cohort/report/attrition.js';
import { attritionSvg } from '../../../src/cohort/report/attrition-svg.js';
import { EXCLUSIONS } from '../../../src/cohort/plan/eligibility.js';
import { cardOf, emptyCard, hostileCard } from './made-up-card.js';
import { hasSoundNumbers, readSvg, textsOf } from './read-svg.js';

const svgOf = (card = cardOf()): string => attritionSvg(attritionOf(card));

describe('the flow diagram', () => {
  test('says what remains after each reason, and the deaths in the last box', () => {
    expect(textsOf(readSvg(svgOf())).slice(0, -2)).toEqual([
      'MIMIC-IV 3.1 (140 ICU stays)',
      '100 patients, 275 admissions',
      'Episodes of signed blood product orders',
      '60 episodes, 37 patients, 44 admissions',
      'Left out: index charted at or after',
      'discharge',
      '4 episodes of 2 patients',
      '56 episodes remain',
      'Left out: comfort measures only before',
      'the index',
      '6 episodes of 5 patients',
      'Kept',
      '50 episodes, 33 patients, 40 admissions',
      'Died within 7 days: 9 of 47 (19.15 %)',
      '3 episodes without a certain label',
    ]);
  });

  test('names the reasons that left out nobody: they were asked', () => {
    const note = textsOf(readSvg(svgOf())).slice(-2).join(' ');
    expect(note).toContain('No episode was left out for');
    expect(note).toContain(EXCLUSIONS['under-18']);
    expect(note).not.toContain(EXCLUSIONS['comfort-care']);
  });

  test('has a title that tells a screen reader the same, and reaches for nothing outside itself', () => {
    const [root, title] = readSvg(svgOf());
    expect(root?.attributes['aria-labelledby']).toBe(title?.attributes['id']);
    expect(title?.text).toBe('Attrition: 60 episodes found, 10 left out, 50 kept, 9 deaths within 7 days');
    expect(svgOf().replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|@import|<image|<style/);
  });

  test('boxes neither overlap nor leave the page', () => {
    const elements = readSvg(svgOf());
    const [page] = elements;
    const boxes = elements.filter(({ name, attributes }) => name === 'rect' && attributes['stroke'] !== undefined);
    const places = boxes.map(({ attributes: { x, y, width, height } }) => ({
      column: Number(x),
      top: Number(y),
      bottom: Number(y) + Number(height),
      right: Number(x) + Number(width),
    }));
    expect(places).toHaveLength(7);
    for (const [index, box] of places.entries()) {
      expect(box.right).toBeLessThanOrEqual(Number(page?.attributes['width']));
      expect(box.bottom).toBeLessThanOrEqual(Number(page?.attributes['height']));
      const below = places.slice(index + 1).find(({ column }) => column === box.column);
      if (below) expect(below.top).toBeGreaterThan(box.bottom);
    }
  });

  test.each([
    ['nobody was found', emptyCard()],
    ['labels try to break out', hostileCard()],
  ])('is well-formed when %s', (_words, card) => {
    const elements = readSvg(svgOf(card));
    expect(hasSoundNumbers(elements)).toBe(true);
    expect(elements.map(({ name }) => name)).not.toContain('script');
    expect(svgOf(card)).not.toContain('\u0000');
    expect(svgOf(card)).toBe(svgOf(card));
  });

  test('nobody found: zeros, and no share of nothing', () => {
    const texts = textsOf(readSvg(svgOf(emptyCard())));
    expect(texts).toContain('Died within 7 days: 0 of 0');
    expect(texts).toContain('0 episodes, 0 patients, 0 admissions');
  });

  test('operating room charting is left out first and counted by episodes', () => {
    const { attrition } = cardOf();
    const card = cardOf({
      index: { kind: 'admin-start', words: '', gapHours: 24, landmarkHours: [] },
      attrition: {
        ...attrition,
        found: { ...attrition.found, episodes: 68 },
        operatingRoomOnly: { patients: 4, admissions: 4, episodes: 8 },
      },
    });
    const texts = textsOf(readSvg(svgOf(card)));
    expect(texts).toContain('68 episodes, 37 patients, 44 admissions');
    expect(texts).toContain('8 episodes of 4 patients');
    expect(attritionMarkdown(attritionOf(card))).toContain('charting only | 4 | 4 | 8 |');
    expect(texts).toContain('60 episodes remain');
  });
});

describe('the attrition table', () => {
  test('lists every reason in the order it was asked, with patients, admissions and episodes', () => {
    const rows = attritionMarkdown(attritionOf(cardOf()))
      .split('\n')
      .filter((line) => line.startsWith('| left out'));
    expect(rows).toHaveLength(Object.keys(EXCLUSIONS).length);
    expect(rows.at(-1)).toBe(`| left out: ${EXCLUSIONS['comfort-care']} | 5 | 5 | 6 |`);
    expect(rows[0]).toBe(`| left out: ${EXCLUSIONS['impossible-outcome']} | 0 | 0 | 0 |`);
  });

  test('a label cannot add cells, lines or mark-up', () => {
    const table = attritionMarkdown(attritionOf(hostileCard()));
    expect(table).not.toContain('<script');
    const cells = table.split('\n').filter((line) => line.startsWith('|'));
    expect(new Set(cells.map((line) => line.replaceAll('\\|', '').split('|').length))).toEqual(new Set([6]));
  });
});
