import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildCards } from '../../src/cards/build-cards.js';
import { buildTextOnlyCards } from '../../src/cards/build-text-only-cards.js';
import { defaultCardOptions, type CardOptions } from '../../src/cards/card-options.js';
import { detailAsHtml } from '../../src/cards/detail-html.js';
import { escapeMarkdown, plainText } from '../../src/cards/escape-markdown.js';
import { RISK_OVERRIDE_REASONS } from '../../src/cards/override-reasons.js';
import type { Card } from '../../src/cds-hooks/card.js';
import { assertResponseShape } from '../../src/cds-hooks/response-shape.js';
import { CARD_ID, LACTATE, explanation, prediction, scored } from './assessments.js';

const options = defaultCardOptions(() => CARD_ID);

function cardOf(changes: Partial<CardOptions> = {}, assessment = scored(0.18)): Card {
  const cards = buildCards(assessment, { ...options, ...changes });
  assertResponseShape({ cards });
  const [card] = cards;
  if (!card) throw new Error('no card');
  return card;
}

describe('override reasons (req. 45)', () => {
  test('are on every risk card: reasons special to transfusion, then of the FHIR example set, at most eight', () => {
    const reasons = cardOf().overrideReasons ?? [];
    expect(reasons).toBe(RISK_OVERRIDE_REASONS);
    expect(reasons.length).toBeLessThanOrEqual(8);
    expect(new Set(reasons.map(({ system }) => system))).toEqual(
      new Set([
        'https://hemolens.org/fhir/CodeSystem/override-reasons',
        'http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes',
      ]),
    );
  });

  test('each have a code of their own, a system and a display (cds-resp-4)', () => {
    const codes = RISK_OVERRIDE_REASONS.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const { code, system, display } of RISK_OVERRIDE_REASONS) {
      expect(code).toMatch(/^[a-z-]+$/);
      expect(system).toMatch(/^https?:/);
      expect(display.length).toBeLessThanOrEqual(60);
    }
  });

  test('are on no card that holds no risk', () => {
    const unscored = scored(0.1, { outcome: { kind: 'not-scored', reason: 'under-18' } });
    expect(cardOf({}, unscored).overrideReasons).toBeUndefined();
    expect(buildTextOnlyCards(['ServiceRequest/1'], options)[0]?.overrideReasons).toBeUndefined();
  });
});

describe('a risk card', () => {
  test('changes no order: it has no suggestions, and so no selectionBehavior (req. 44, 51)', () => {
    expect(Object.keys(cardOf())).not.toEqual(expect.arrayContaining(['suggestions']));
    expect(Object.keys(cardOf())).not.toEqual(expect.arrayContaining(['selectionBehavior']));
  });

  test('is tied to its orders by reference, each once, and names them in its detail (req. 47)', () => {
    const orders = ['ServiceRequest/a', 'MedicationRequest/b', 'ServiceRequest/a', 'ServiceRequest'].map(
      (reference) => ({ products: ['rbc' as const], reference }),
    );
    const { extension, detail } = cardOf({}, scored(0.18, { orders }));
    expect(extension?.['davinci-crd.associated-resource']).toEqual(['ServiceRequest/a', 'MedicationRequest/b']);
    for (const { reference } of orders) expect(detail).toContain(reference);
    const unnamed = scored(0.18, { orders: [{ products: ['rbc'], reference: 'ServiceRequest' }] });
    expect(Object.keys(cardOf({}, unnamed).extension ?? {})).toEqual(['org.hemolens.assessment']);
  });
});

describe('max-drivers (req. 76)', () => {
  const drivers = ['a', 'b', 'c', 'd'].map((wording, index) => ({ ...LACTATE, wording, contribution: 1 - index / 10 }));
  const assessment = scored(0.18, {
    outcome: { kind: 'scored', prediction: prediction(0.18), explanation: explanation({ drivers }) },
  });
  const listed = (card: Card): readonly string[] => card.detail.match(/^- [a-d]: associated/gm) ?? [];

  test.each([0, 1, 3, 5])('%d: the largest so many drivers are named, for people and machines', (maxDrivers) => {
    const card = cardOf({ maxDrivers }, assessment);
    expect(listed(card)).toEqual(listed(cardOf({}, assessment)).slice(0, maxDrivers));
    const { drivers: forMachines = [] } = card.extension?.['org.hemolens.assessment'] as { drivers?: unknown[] };
    expect(forMachines).toHaveLength(Math.min(maxDrivers, drivers.length));
  });
});

describe('the dialect of a client (§3.6)', () => {
  test("without one, or as the standard says, the card is the standard's", () => {
    expect(cardOf({ dialect: { cardDetail: 'markdown' } })).toEqual(cardOf());
  });

  test('its topic code takes the place of ours, on every card', () => {
    const dialect = { cardDetail: 'markdown', topicCode: 'EHR12' } as const;
    expect(cardOf({ dialect }).source.topic).toEqual({ ...cardOf().source.topic, code: 'EHR12' });
    expect(buildTextOnlyCards(['ServiceRequest/1'], { ...options, dialect })[0]?.source.topic.code).toBe('EHR12');
  });

  test('an HTML detail has the same words and says what it is; summary and extension stay', () => {
    const card = cardOf({ dialect: { cardDetail: 'html' } });
    expect(card.detail).toMatch(/^<p><strong>Predicted risk of death within 7 days: 18 %<\/strong> \(tier: high\)/);
    expect(card.detail).toContain(
      '<ul><li>lactate 6.1 mmol/L, 2 h ago: associated with higher predicted risk</li></ul>',
    );
    expect(card.extension).toEqual({
      ...cardOf().extension,
      'com.epic.cdshooks.card.detail.content-type': 'text/html',
    });
    expect(card.summary).toBe(cardOf().summary);
    expect(wordsOf(card.detail)).toEqual(wordsOf(detailAsHtml(cardOf().detail)));
  });
});

/** A reader's view of our HTML: tags gone, references resolved. */
function wordsOf(html: string): readonly string[] {
  return textOf(html.replace(/<\/?(p|ul|li|strong)>/g, ' ')).match(/\S+/g) ?? [];
}

function textOf(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** What is left of HTML when our own tags and references are taken out. */
function foreignMarkup(html: string): string {
  return html
    .replace(/<\/?(p|ul|li|strong)>/g, '')
    .replace(/&(amp|lt|gt|quot|#39);/g, '')
    .replace(/[^<>&"']/g, '');
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror="alert(1)">',
  '\\<b>',
  '&lt;script&gt;',
  '&#60;script&#62;',
  '**<b>**',
  "' onmouseover='x",
  '[x](javascript:alert(1))',
  '- <li>\n- ',
  '\n\n<p>',
  '&amp;lt;',
  '*\\**<',
];

describe('HTML made of our Markdown', () => {
  test('has paragraphs, lists and strong words', () => {
    expect(detailAsHtml('**No prediction.** A \\*star\\*.\n\n- one\n- **two**\n\nend')).toBe(
      '<p><strong>No prediction.</strong> A *star*.</p><ul><li>one</li><li><strong>two</strong></li></ul><p>end</p>',
    );
  });

  test('leaves a ** that is not closed as text', () => {
    expect(detailAsHtml('a ** b')).toBe('<p>a ** b</p>');
  });

  test('holds no tag, attribute or reference but our own, whatever text comes in, escaped or not (req. 41)', () => {
    const text = fc.oneof(
      fc.constantFrom(...HOSTILE),
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc
        .array(fc.constantFrom('<', '>', '&', '"', "'", '\\', '*', '**', '`', '\n', '- ', 'lt;', 'a', '&lt;'))
        .map((x) => x.join('')),
    );
    fc.assert(
      fc.property(text, text, (a, b) => {
        for (const markdown of [a, `**${a}** ${b}`, `- ${a}\n- ${escapeMarkdown(b)}`]) {
          expect(foreignMarkup(detailAsHtml(markdown))).toBe('');
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('shows a text of a chart as it is: neither an escape nor a reference is left to see', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...HOSTILE), fc.string()), (given) => {
        // What escapeMarkdown changes for good: addresses and the mark of a numbered list.
        fc.pre(!/:\/\/|www\.|@|^\s*\d+[.)]/i.test(given));
        const shown = textOf(detailAsHtml(`x ${escapeMarkdown(given)}`).replace(/<\/?p>/g, ''));
        expect(shown).toBe(`x ${plainText(given, 200)}`.trimEnd() === 'x' ? 'x ' : `x ${plainText(given, 200)}`);
      }),
      { numRuns: 1000 },
    );
  });

  test('a whole card of hostile drivers and orders holds no foreign markup', () => {
    fc.assert(
      fc.property(fc.constantFrom(...HOSTILE), fc.string(), (hostile, reference) => {
        const assessment = scored(0.18, {
          orders: [{ products: ['rbc'], reference: `ServiceRequest/${reference}${hostile}` }],
          outcome: {
            kind: 'scored',
            prediction: prediction(0.18),
            explanation: explanation({ drivers: [{ ...LACTATE, wording: hostile }], absent: [hostile] }),
          },
        });
        expect(foreignMarkup(cardOf({ dialect: { cardDetail: 'html' } }, assessment).detail)).toBe('');
      }),
      { numRuns: 200 },
    );
  });
});
