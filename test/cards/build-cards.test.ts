import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RiskAssessment } from '../../src/assessment/risk-assessment.js';
import { buildCards } from '../../src/cards/build-cards.js';
import { buildTextOnlyCards } from '../../src/cards/build-text-only-cards.js';
import { cardOptionsOf, defaultCardOptions, type CardOptions } from '../../src/cards/card-options.js';
import type { Card } from '../../src/cds-hooks/card.js';
import { assertResponseShape } from '../../src/cds-hooks/response-shape.js';
import type { BaseLearnerOutput, RiskPrediction } from '../../src/ensemble/risk-prediction.js';
import type { Driver } from '../../src/explanation/explanation.js';
import type { BloodOrder, BloodProduct } from '../../src/record/patient-record.js';
import {
  CARD_ID,
  HOUR,
  LACTATE,
  RED_CELLS,
  T0,
  coverage,
  evidence,
  explanation,
  prediction,
  record,
  scored,
  tensors,
} from './assessments.js';

const newId = (): string => CARD_ID;
const options: CardOptions = defaultCardOptions(newId);

function cardOf(assessment: RiskAssessment, changes: Partial<CardOptions> = {}): Card {
  const cards = buildCards(assessment, { ...options, ...changes });
  assertResponseShape({ cards });
  const [card] = cards;
  if (!card || cards.length !== 1) throw new Error(`${cards.length} cards`);
  return card;
}
const machine = (card: Card): unknown => card.extension?.['org.hemolens.assessment'];
const notScored = (reason: 'under-18' | 'age-unknown' | 'too-little-data', changes: Partial<RiskAssessment> = {}) =>
  scored(0.1, { outcome: { kind: 'not-scored', reason }, ...changes });

const ENSEMBLE: readonly BaseLearnerOutput[] = [
  { id: 'gbm', kind: 'lightgbm', modalities: ['tabular'], available: true, logit: -1, weight: 0.6 },
  { id: 'series', kind: 'network', modalities: ['series'], available: true, logit: 0.7, weight: 0.3 },
  { id: 'text', kind: 'network', modalities: ['notes'], available: true, logit: 0.1, weight: 0 },
  {
    id: 'fusion',
    kind: 'network',
    modalities: ['tabular', 'series', 'notes'],
    available: true,
    logit: 0.2,
    weight: 0.1,
    gate: { tabular: 0.5, series: 0.3, notes: 0.2 },
  },
];

/** Scored by four base learners. */
function ensembleScored(changes: Partial<RiskPrediction> = {}): RiskAssessment {
  const modalities = { tabular: 'read', series: 'read', notes: 'read' } as const;
  const parts = [
    { learner: 'series', contribution: 0.2 },
    { learner: 'text', contribution: 0 },
    { learner: 'fusion', contribution: -0.001 },
  ];
  return scored(0.1, {
    outcome: {
      kind: 'scored',
      prediction: prediction(0.1, { baseLearners: ENSEMBLE, modalities, ...changes }),
      explanation: explanation({ parts }),
    },
  });
}

describe('the summary', () => {
  test('says tier, calibrated percentage, the average and the products', () => {
    const orders: BloodOrder[] = [RED_CELLS, { products: ['plasma'], reference: 'ServiceRequest/draft-2' }];
    expect(cardOf(scored(0.18, { orders })).summary).toBe(
      'High 7-day mortality risk predicted: 18 % (average 8 %), at the order of red cells and plasma',
    );
  });

  test('counts the products that do not fit', () => {
    const products: BloodProduct[] = ['rbc', 'platelets', 'plasma', 'cryo', 'whole-blood', 'granulocytes'];
    const { summary } = cardOf(scored(0.6, { orders: [{ products, reference: 'ServiceRequest/a' }] }));
    expect(summary).toBe(
      'Very high 7-day mortality risk predicted: 60 % (average 8 %), at the order of red cells, platelets, plasma, cryoprecipitate and 2 more',
    );
  });

  test('says that laboratory results were not read', () => {
    const unread = record({ coverage: coverage({ labs: { kind: 'unavailable', reason: 'timeout' } }) });
    expect(cardOf(scored(0.18, { record: unread })).summary).toBe(
      'High 7-day mortality risk predicted without laboratory results: 18 % (average 8 %), at the order of red cells',
    );
  });

  test('names a product once, however many orders there are, and an unspecified one as blood product', () => {
    const orders: BloodOrder[] = [RED_CELLS, { ...RED_CELLS, reference: 'x' }, { products: [], reference: 'y' }];
    expect(cardOf(scored(0.02, { orders })).summary).toMatch(/at the order of red cells and blood product$/);
  });

  test.each([
    [0.0004, '<1 %'],
    [0.0096, '<1 %'],
    [0.02, '2 %'],
    [0.0296, '2.9 %'],
    [0.03, '3 %'],
    [0.0996, '9.9 %'],
    [0.1, '10 %'],
    [0.249, '24.9 %'],
    [0.25, '25 %'],
    [0.991, '>99 %'],
    [1, '>99 %'],
    [0, '<1 %'],
  ])('a probability of %s reads %s, never 0 %% or 100 %%, never the next tier', (probability, words) => {
    expect(cardOf(scored(probability)).summary).toContain(`predicted: ${words} (`);
  });
});

describe('the indicator (req. 42)', () => {
  test.each([
    [0.01, 'info'],
    [0.0999, 'info'],
    [0.1, 'warning'],
    [0.9, 'warning'],
  ])('%s is %s', (probability, indicator) => {
    expect(cardOf(scored(probability)).indicator).toBe(indicator);
  });

  test('critical comes only by configuration, and only from 25 %', () => {
    expect(cardOf(scored(0.25), { mayBeCritical: true }).indicator).toBe('critical');
    expect(cardOf(scored(0.2499), { mayBeCritical: true }).indicator).toBe('warning');
  });
});

describe('the detail', () => {
  test('is these sections, in plain lists, with the orders and the age of the data (req. 47, 74)', () => {
    const assessment = scored(0.18, {
      record: record({ coverage: coverage({ notes: { kind: 'unavailable', reason: 'timeout' } }) }),
      outcome: {
        kind: 'scored',
        prediction: prediction(0.18),
        explanation: explanation({
          drivers: [
            LACTATE,
            {
              concept: 'creatinine',
              contribution: -0.2,
              display: 'Creatinine',
              wording: 'creatinine 0.8 mg/dL, 5 h ago',
            },
          ],
          absent: ['Bilirubin', 'Fibrinogen'],
        }),
      },
    });
    expect(cardOf(assessment).detail).toBe(
      [
        '**Predicted risk of death within 7 days: 18 %** (tier: high). Average among the patients the model was made from: 8 %.',
        'Main drivers of this prediction:',
        [
          '- lactate 6.1 mmol/L, 2 h ago: associated with higher predicted risk',
          '- creatinine 0.8 mg/dL, 5 h ago: associated with lower predicted risk',
        ].join('\n'),
        'Looked for and not found: Bilirubin and Fibrinogen.',
        'Could not be read:',
        '- clinical notes: no answer in time',
        'Age of the data: newest laboratory result 2 h old, newest vital sign 12 min old, scored for 2026-11-23 10:00 UTC.',
        'Orders being signed:',
        '- red cells, 2 units (ServiceRequest/draft-1)',
        'Model and limits:',
        [
          '- General ICU model, icu-baseline 0.1.0, made from general ICU patients',
          '- Research software, not for clinical use',
        ].join('\n'),
        'This is an association learned from past patients: it does not say that a transfusion helps or harms. It informs and does not replace clinical judgment.',
      ].join('\n\n'),
    );
  });

  test('says that a patient is outside the ICU population, or that nobody knows', () => {
    expect(cardOf(scored(0.1)).detail).not.toContain('population:');
    expect(cardOf(scored(0.1, { inIcu: false })).detail).toContain('outside its population: not in an ICU');
    expect(cardOf(scored(0.1, { inIcu: undefined })).detail).toContain('may be outside its population');
  });

  test('calls an ICU-only model a general ICU model, whatever its title', () => {
    const model = { id: 'm', version: '1', sha256: 'b'.repeat(64), title: 'Baseline' };
    const outcome = { kind: 'scored' as const, prediction: prediction(0.1, { model }), explanation: explanation() };
    expect(cardOf(scored(0.1, { outcome })).detail).toContain('- General ICU model (Baseline), m 1');
  });

  test('how many notes security labels withhold and how many other records the patient has are said, and no more', () => {
    const rejections = [
      { reason: 'restricted', count: 2 },
      { reason: 'linked-record', count: 1 },
    ] as const;
    const card = cardOf(scored(0.1, { record: record({ rejections }) }));
    expect(card.detail).toContain('- 2 clinical notes: restricted by security labels');
    expect(card.detail).toContain('- 1 other record of this patient: not read');
    expect(machine(card)).toMatchObject({ withheldNotes: 2, linkedRecords: 1 });
    const whole = cardOf(scored(0.1, { record: record() }));
    expect(machine(whole)).not.toHaveProperty('withheldNotes');
    expect(whole.detail).not.toContain('restricted');
  });

  test('tells a laboratory that was silent from one that could not be read', () => {
    const silent = cardOf(scored(0.1, { tensors: tensors([evidence('hr', 90, '/min', 3)]) })).detail;
    expect(silent).toContain('no laboratory result in 48 h, newest vital sign 3 h old');
    const unread = record({ coverage: coverage({ labs: { kind: 'unavailable', reason: 'upstream-error' } }) });
    const { detail } = cardOf(scored(0.1, { tensors: tensors([evidence('hr', 90, '/min', 3)]), record: unread }));
    expect(detail).toContain('- laboratory results: the FHIR server answered with an error');
    expect(detail).not.toContain('no laboratory result in');
  });

  test('says how far back a truncated source was read (req. 27)', () => {
    const vitals = { kind: 'covered', sinceMs: T0 - 31.5 * HOUR, origin: 'prefetch' } as const;
    const card = cardOf(scored(0.1, { record: record({ coverage: coverage({ vitals }) }) }));
    expect(card.detail).toContain('- vital signs: only the last 31 h were returned');
    expect(machine(card)).toMatchObject({ partlyCovered: [{ source: 'vitals', since: '2026-11-22T02:30:00.000Z' }] });
  });

  test('says which parts of the model counted, and which way each network points', () => {
    const card = cardOf(ensembleScored());
    expect(card.detail).toContain(
      '- Parts of the model: trees on single values (drivers above); series network: higher predicted risk; notes read, weight 0; fusion network: no notable share\n',
    );
    expect(card.detail).not.toContain('Scored without');
    expect(cardOf(scored(0.1)).detail).not.toContain('Parts of the model');
  });

  test.each([
    ['late', 'clinical notes (not read in time)'],
    ['failed', 'clinical notes (could not be processed)'],
    ['empty', 'clinical notes (none found)'],
    ['unavailable', 'clinical notes (could not be read)'],
  ] as const)('says that notes were %s, and that the score is without them', (notes, words) => {
    const assessment = ensembleScored({ modalities: { tabular: 'read', series: 'read', notes } });
    expect(cardOf(assessment).detail).toContain(`- Scored without: ${words}\n`);
    expect(machine(cardOf(assessment))).toMatchObject({ modalitiesUsed: { notes } });
  });

  test('never says "caused by", nor that a transfusion raises anything', () => {
    for (const probability of [0.01, 0.5]) {
      const { detail, summary } = cardOf(scored(probability));
      expect(`${summary} ${detail}`).not.toMatch(/caus|raises|lowers|because of/i);
    }
  });
});

describe('for machines', () => {
  test('the extension holds the assessment, without members that have no value (req. 2, 75)', () => {
    expect(machine(cardOf(scored(0.18)))).toEqual({
      assessmentId: 'as-1',
      probability: 0.18,
      tier: 'high',
      model: { id: 'icu-baseline', version: '0.1.0', sha256: 'a'.repeat(64) },
      predictionTime: '2026-11-23T10:00:00.000Z',
      modalities: { tabular: 'present', series: 'present', notes: 'empty' },
      modalitiesUsed: { tabular: 'read', series: 'unused', notes: 'unused' },
      learners: [{ id: 'gbm', available: true, logit: 0, weight: 1 }],
      inIcu: true,
      drivers: [
        { concept: 'lactate', contribution: 0.81, value: 6.1, unit: 'mmol/L', time: '2026-11-23T08:00:00.000Z' },
      ],
      orders: [{ reference: 'ServiceRequest/draft-1', products: ['rbc'], orderedUnits: 2 }],
    });
  });

  test('each base learner has its logit, weight, share and gate; one that was not scored has none', () => {
    const gone = [...ENSEMBLE.slice(0, 3), { id: 'fusion', available: false, weight: 0 }];
    expect(machine(cardOf(ensembleScored()))).toMatchObject({
      learners: [
        { id: 'gbm', available: true, logit: -1, weight: 0.6 },
        { id: 'series', available: true, logit: 0.7, weight: 0.3, contribution: 0.2 },
        { id: 'text', available: true, logit: 0.1, weight: 0, contribution: 0 },
        { id: 'fusion', weight: 0.1, contribution: -0.001, gate: { tabular: 0.5, series: 0.3, notes: 0.2 } },
      ],
    });
    const { learners } = machine(cardOf(ensembleScored({ baseLearners: gone }))) as { learners: unknown[] };
    expect(learners[3]).toEqual({ id: 'fusion', available: false, contribution: -0.001 });
  });

  test('a driver without a value has only its concept and share; an unreadable source is listed', () => {
    const driver: Driver = { concept: 'sex', contribution: 0.1, display: 'Sex', wording: 'sex: female' };
    const assessment = scored(0.18, {
      record: record({ coverage: coverage({ bedside: { kind: 'unavailable', reason: 'not-in-scope' } }) }),
      outcome: { kind: 'scored', prediction: prediction(0.18), explanation: explanation({ drivers: [driver] }) },
    });
    expect(machine(cardOf(assessment))).toMatchObject({
      drivers: [{ concept: 'sex', contribution: 0.1 }],
      unavailable: [{ source: 'bedside', reason: 'not-in-scope' }],
    });
  });

  test('the topic is one static alphanumeric code (§3.6)', () => {
    const { source } = cardOf(scored(0.5), {
      sourceLabel: 'General Hospital',
      sourceUrl: 'https://cds.example.org/model',
    });
    expect(source).toMatchObject({ label: 'General Hospital', url: 'https://cds.example.org/model' });
    expect(source.topic.code).toBe('TXMORT7D');
    expect(cardOf(notScored('under-18')).source.topic).toEqual(source.topic);
  });
});

describe('no score', () => {
  test.each([
    ['under-18', 'patient is under 18', 'under 18 years old'],
    ['age-unknown', 'age is unknown', 'does not tell whether the patient is 18'],
    ['too-little-data', 'too little recent data', 'Neither a haemoglobin nor a vital sign of the last 24 h'],
  ] as const)('%s is an info card that says why, without a figure', (reason, summary, detail) => {
    const card = cardOf(notScored(reason));
    expect(card.indicator).toBe('info');
    expect(card.summary).toBe(`No 7-day mortality prediction (${summary}), at the order of red cells`);
    expect(card.detail).toContain(detail);
    expect(machine(card)).toMatchObject({ notScored: reason, assessmentId: 'as-1' });
    expect(JSON.stringify(card)).not.toContain('probability');
  });

  test('too little data beside unreadable vital signs says that there may be more', () => {
    const unread = record({ coverage: coverage({ vitals: { kind: 'unavailable', reason: 'timeout' } }) });
    const { detail } = cardOf(notScored('too-little-data', { record: unread }));
    expect(detail).toContain('There may be values that the service could not see.');
    expect(detail).toContain('- vital signs: no answer in time');
    expect(cardOf(notScored('too-little-data')).detail).not.toContain('There may be values');
  });
});

test('the configuration says whether the highest tier is critical', () => {
  expect(cardOptionsOf({ criticalAllowed: false }, newId)).toEqual(options);
  expect(cardOptionsOf({ criticalAllowed: true }, newId).mayBeCritical).toBe(true);
});

describe('orders that only their words name', () => {
  test('are named on the card of the coded ones as not counted', () => {
    const card = cardOf(scored(0.1, { textOnly: ['ServiceRequest/draft-9'] }));
    expect(card.detail).toContain(
      'Not counted, because only its words and no known code name a blood product: ServiceRequest/draft-9.',
    );
    expect(machine(card)).toMatchObject({ textOnlyOrders: ['ServiceRequest/draft-9'] });
  });

  test('get an info card of their own when there is no coded one', () => {
    const cards = buildTextOnlyCards(['ServiceRequest/draft-9'], options);
    assertResponseShape({ cards });
    expect(cards[0]).toMatchObject({ indicator: 'info' });
    expect(cards[0]?.detail).toContain('- ServiceRequest/draft-9');
    expect(buildTextOnlyCards([], options)).toEqual([]);
  });

  test('are marked where the site lets them fire', () => {
    const orders: BloodOrder[] = [
      { products: [], unspecified: true, matchedBy: 'text', reference: 'ServiceRequest/t' },
    ];
    const { detail } = cardOf(scored(0.1, { orders, textOnly: ['ServiceRequest/t'] }));
    expect(detail).toContain('- blood product, recognised by its words only (ServiceRequest/t)');
    expect(detail).not.toContain('Not counted');
  });
});

describe('whatever the chart and the bundle hold', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      '[x](javascript:alert(1))',
      '# heading\n| a | b |\n|---|---|',
      '👩‍👩‍👧‍👦'.repeat(60),
      '\ud800',
      '\u202egnp.exe',
      '',
    ),
  );
  const product = fc.constantFrom<BloodProduct>('rbc', 'platelets', 'plasma', 'cryo', 'whole-blood', 'granulocytes');
  const order = fc.record({ products: fc.uniqueArray(product), reference: hostile });
  const assessmentOf = fc
    .record({
      text: hostile,
      label: hostile,
      orders: fc.array(order, { minLength: 1, maxLength: 8 }),
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
      value: fc.double(),
      isScored: fc.boolean(),
    })
    .map(({ text, label, orders, probability, value, isScored }) => ({
      label,
      assessment: scored(probability, {
        orders,
        textOnly: [text],
        outcome: isScored
          ? {
              kind: 'scored',
              prediction: prediction(probability, {
                model: { id: text || 'm', version: '1', sha256: 'c'.repeat(64), title: text },
                population: { description: text, baseRate: 0.08, icuOnly: true },
              }),
              explanation: explanation({
                drivers: [{ ...LACTATE, value, unit: text, wording: text, display: text }],
                absent: [text],
              }),
            }
          : { kind: 'not-scored', reason: 'age-unknown' },
      }),
    }));

  test('the summary is under 140 characters, nothing is null or empty, and no HTML, link or table is in the detail (req. 2, 40, 41)', () => {
    fc.assert(
      fc.property(assessmentOf, ({ assessment, label }) => {
        const card = cardOf(assessment, { sourceLabel: label });
        expect(card.summary.length).toBeLessThanOrEqual(139);
        expect(Array.from(card.summary).length).toBeLessThanOrEqual(139);
        expect(card.detail).not.toMatch(/[<>]/);
        expect(card.detail).not.toMatch(/(^|[^\\])[|[\]`]/);
        expect(card.detail).not.toMatch(/:\/\/|\p{Cs}|\u202e/u);
        // What is serialised is what was checked: NaN would turn into null.
        assertResponseShape(JSON.parse(JSON.stringify({ cards: [card] })));
      }),
      { numRuns: 300 },
    );
  });
});
