import { describe, expect, test } from '@jest/globals';
import { buildFeatureSpec } from '../../src/features/build-feature-spec.js';
import { canonicalSpecBytes, parseFeatureSpec } from '../../src/features/parse-feature-spec.js';
import { coverage, HOUR_MS, observed, T0 } from '../support/record-builder.js';
import { map, spec } from './mapped-chart.js';

describe('tabular statistics', () => {
  const { column } = map({
    values: [
      observed('creatinine', 1, 40),
      observed('creatinine', 2, 20),
      observed('creatinine', 4, 10),
      observed('creatinine', 3, 2),
      observed('creatinine', 9, 49),
    ],
  });

  test.each([
    ['creatinine__last_48h', 3],
    ['creatinine__min_48h', 1],
    ['creatinine__max_48h', 4],
    ['creatinine__mean_48h', 2.5],
    ['creatinine__delta_48h', 2],
    ['creatinine__count_48h', 4],
    ['creatinine__hours_since_last_48h', 2],
    ['creatinine__min_24h', 2],
    ['creatinine__mean_24h', 3],
  ])('%s is %p', (name, expected) => {
    expect(column(name)).toBeCloseTo(expected, 6);
  });

  test('slope is the least-squares change per hour', () => {
    const falling = map({ values: [observed('hb', 9, 10), observed('hb', 8, 5), observed('hb', 7, 0)] });
    expect(falling.column('hb__slope_48h')).toBeCloseTo(-0.2, 6);
    expect(map({ values: [observed('hb', 9, 10)] }).column('hb__slope_48h')).toBeNaN();
  });

  test('both ends of a window belong to it', () => {
    const edge = map({ values: [observed('hb', 8, 48), observed('hr', 90, 0)] });
    expect(edge.column('hb__last_48h')).toBe(8);
    expect(edge.column('hr__last_48h')).toBe(90);
  });

  test('different values at one time: the last value is their mean, whatever their order', () => {
    const twice = map({ values: [observed('hr', 100, 1), observed('hr', 80, 1)] });
    expect(twice.column('hr__last_48h')).toBe(90);
    expect(twice.column('hr__count_48h')).toBe(2);
  });
});

describe('availability', () => {
  test('ignores a creatinine filed after the order was opened', () => {
    const late = observed('creatinine', 5, 2, { availableMs: T0 + 1 });
    expect(map({ values: [late] }).column('creatinine__last_48h')).toBeNaN();
    expect(map({ values: [{ ...late, availableMs: T0 }] }).column('creatinine__last_48h')).toBe(5);
  });

  test('a transfusion that still runs counts as one unit, whatever volume it ended with', () => {
    const running = {
      kind: 'blood',
      agent: 'rbc',
      startMs: T0 - HOUR_MS,
      endMs: T0 + HOUR_MS,
      availableMs: T0 - HOUR_MS,
      volumeMl: 1400,
      evidence: 'a',
    } as const;
    expect(map({ administrations: [running] }).column('prior_exposure__units_rbc_6h')).toBe(1);
    expect(map({ administrations: [{ ...running, endMs: T0 }] }).column('prior_exposure__units_rbc_6h')).toBe(4);
  });
});

describe('three states of a concept', () => {
  test('observed, absent and unavailable stay apart', () => {
    const { state } = map({
      values: [observed('hb', 8, 3)],
      coverage: coverage({ vitals: { kind: 'unavailable', reason: 'timeout' } }),
    });
    expect([state('hb'), state('creatinine'), state('hr')]).toEqual(['observed', 'absent', 'unavailable']);
  });

  test('a source that reaches back less than the look-back is never "absent"', () => {
    const { state, column } = map({
      values: [observed('hb', 8, 3)],
      coverage: coverage({ labs: { kind: 'covered', sinceMs: T0 - 10 * HOUR_MS, origin: 'prefetch' } }),
    });
    expect(state('creatinine')).toBe('unavailable');
    expect(state('hb')).toBe('observed');
    expect(column('creatinine__count_48h')).toBeNaN();
  });

  test('a failed lab query does not look like no labs drawn: the count is missing, not 0', () => {
    expect(map({}).column('lactate__count_48h')).toBe(0);
    const failed = coverage({ labs: { kind: 'unavailable', reason: 'upstream-error' } });
    expect(map({ coverage: failed }).column('lactate__count_48h')).toBeNaN();
  });

  test('modalities: present, empty, unavailable', () => {
    const failed = { kind: 'unavailable', reason: 'timeout' } as const;
    expect(map({}).tensors.modalities).toEqual({ tabular: 'present', series: 'empty', notes: 'empty' });
    const dark = coverage({ labs: failed, vitals: failed, bedside: failed, notes: failed });
    expect(map({ coverage: dark }).tensors.modalities).toEqual({
      tabular: 'present',
      series: 'unavailable',
      notes: 'unavailable',
    });
  });
});

describe('columns of the record', () => {
  test('age is in completed years, capped at 90, from partial dates too', () => {
    expect(map({ birthDate: '1960-03-09' }).column('age')).toBe(65);
    expect(map({ birthDate: '1960-03-08' }).column('age')).toBe(66);
    expect(map({ birthDate: '1960' }).column('age')).toBe(66);
    expect(map({ birthDate: '1930' }).column('age')).toBe(90);
    expect(map({ birthDate: 'soon' }).column('age')).toBeNaN();
    expect(map({ birthDate: '1960-13-01' }).column('age')).toBeNaN();
  });

  test('GCS total comes from its parts at one time; with a part missing there is none', () => {
    const parts = [observed('gcs_motor', 5, 2), observed('gcs_eye', 3, 2), observed('gcs_verbal', 4, 2)];
    expect(map({ values: parts }).column('gcs_total__last_48h')).toBe(12);
    expect(map({ values: parts.slice(0, 2) }).column('gcs_total__last_48h')).toBeNaN();
    expect(map({ values: [...parts, observed('gcs_total', 11, 2)] }).column('gcs_total__last_48h')).toBe(11);
  });

  test('mean pressure is derived where it was not read', () => {
    const values = [observed('sbp', 120, 1), observed('dbp', 60, 1)];
    expect(map({ values }).column('map__last_48h')).toBe(80);
    expect(map({ values: [...values, observed('map', 77, 1)] }).column('map__last_48h')).toBe(77);
  });

  test('urine output is net volume over weight and hours', () => {
    const values = [
      observed('urine_mlkgh', 600, 3),
      observed('urine_mlkgh', 400, 20),
      observed('urine_mlkgh', -100, 2),
      observed('weight', 50, 30),
      observed('hr', 80, 40),
    ];
    expect(map({ values }).column('urine_mlkgh__rate_24h')).toBeCloseTo(900 / 50 / 24, 6);
    expect(map({ values }).column('urine_mlkgh__rate_6h')).toBeCloseTo(500 / 50 / 6, 6);
    expect(map({ values: values.slice(0, 3) }).column('urine_mlkgh__rate_24h')).toBeNaN();
  });

  test('a 24 h urine total is a rate of its own and never added to the single volumes it overlaps', () => {
    const values = [observed('urine_24h', 1200, 6), observed('urine_mlkgh', 600, 3), observed('weight', 50, 30)];
    expect(map({ values }).column('urine_24h__rate_24h')).toBeCloseTo(1200 / 50 / 24, 6);
    expect(map({ values }).column('urine_mlkgh__rate_24h')).toBeCloseTo(600 / 50 / 24, 6);
    expect(map({ values: values.slice(1) }).column('urine_24h__rate_24h')).toBeNaN();
  });

  test('norepinephrine equivalents add up over drugs that run together', () => {
    const drip = (agent: string, value: number, from: number, to?: number) =>
      ({
        kind: 'vasopressor',
        agent,
        startMs: T0 - from * HOUR_MS,
        ...(to === undefined ? {} : { endMs: T0 - to * HOUR_MS }),
        availableMs: T0 - from * HOUR_MS,
        rate: { value, unit: 'ug/kg/min' },
        evidence: agent,
      }) as const;
    const administrations = [
      drip('norepinephrine', 0.2, 5),
      drip('phenylephrine', 1, 4, 3),
      drip('dopamine', 5, 30, 25),
    ];
    const { column } = map({ administrations });
    expect(column('nee__now_24h')).toBeCloseTo(0.2, 6);
    expect(column('nee__max_24h')).toBeCloseTo(0.3, 6);
    expect(map({}).column('nee__now_24h')).toBe(0);
  });

  test('P/F pairs oxygen tension with the inspired fraction at most 4 hours before it', () => {
    const values = [observed('po2', 80, 2), observed('fio2', 50, 5.5), observed('fio2', 40, 1)];
    expect(map({ values }).column('pf_ratio_24h')).toBe(160);
    expect(map({ values: [observed('po2', 80, 2), observed('fio2', 50, 7)] }).column('pf_ratio_24h')).toBeNaN();
  });

  test('four red cell units begun within an hour are a massive transfusion', () => {
    const unit = (hours: number) =>
      ({
        kind: 'blood',
        agent: 'rbc',
        startMs: T0 - hours * HOUR_MS,
        endMs: T0 - hours * HOUR_MS + 1,
        availableMs: T0 - hours * HOUR_MS,
        volumeMl: 300,
        evidence: String(hours),
      }) as const;
    expect(map({ administrations: [5, 4.9, 4.8, 4.1].map(unit) }).column('prior_exposure__massive_24h')).toBe(1);
    expect(map({ administrations: [5, 4.9, 4.8, 3.9].map(unit) }).column('prior_exposure__massive_24h')).toBe(0);
  });
});

describe('series tokens', () => {
  test('vital signs are one median an hour, laboratory values are all there', () => {
    const values = [
      observed('hr', 80, 1.2),
      observed('hr', 90, 1.4),
      observed('hr', 130, 1.8),
      observed('hb', 8, 1.2),
      observed('hb', 7.9, 1.3),
    ];
    const { series } = map({ values }).tensors;
    expect(series.tokens).toBe(3);
    const id = spec.series.concepts.indexOf('hr') + 1;
    expect(series.values[[...series.conceptIds].indexOf(id)]).toBe(90);
  });

  test('tokens run newest first and the mask says how many there are', () => {
    const { series } = map({
      values: [observed('hb', 8, 30), observed('hr', 80, 1), observed('lactate', 2, 4)],
    }).tensors;
    expect([...series.hoursBefore.slice(0, 3)]).toEqual([1, 4, 30]);
    expect(series.mask.reduce((a, b) => a + b, 0)).toBe(3);
  });

  test('over the limit the oldest vital signs go first; laboratory values stay', () => {
    const vitals = ['hr', 'sbp', 'dbp', 'map', 'rr', 'spo2', 'temp'].flatMap((key) =>
      Array.from({ length: 48 }, (_, h) => observed(key, 60, h)),
    );
    const labs = Array.from({ length: 200 }, (_, i) => observed('glucose', 100 + i, i / 5));
    const { series } = map({ values: [...vitals, ...labs] }).tensors;
    expect(series.tokens).toBe(256);
    const glucose = spec.series.concepts.indexOf('glucose') + 1;
    expect([...series.conceptIds].filter((id) => id === glucose)).toHaveLength(200);
  });

  test('laboratory values alone over the limit: the newest of each concept stays', () => {
    const values = [
      observed('crp', 50, 47),
      ...Array.from({ length: 400 }, (_, i) => observed('glucose', 100 + i, i / 10)),
    ];
    const { series } = map({ values }).tensors;
    expect([...series.conceptIds]).toContain(spec.series.concepts.indexOf('crp') + 1);
    expect(series.tokens).toBe(256);
  });
});

describe('note chunks', () => {
  const note = (text: string, hours: number, kind: 'radiology' | 'progress' = 'progress') => ({
    kind,
    availableMs: T0 - hours * HOUR_MS,
    text,
    evidence: `DocumentReference/${hours}`,
  });

  test('the conclusion of a note comes first', () => {
    const { notes } = map({ notes: [note('FINDINGS: opacities.\nIMPRESSION: pneumonia.', 2, 'radiology')] }).tensors;
    expect(notes.chunks[0]?.text).toBe('IMPRESSION: pneumonia. FINDINGS: opacities.');
    expect(notes.chunks[0]?.hoursBefore).toBe(2);
  });

  test('a paragraph copied forward counts once, in the newest note', () => {
    const { notes } = map({
      notes: [note('Stable overnight.\n\nOld text.', 20), note('Old text.\n\nNow bleeding.', 2)],
    }).tensors;
    expect(notes.chunks.map(({ text }) => text)).toEqual(['Old text. Now bleeding.', 'Stable overnight.']);
  });

  test('the same short answer under two headings is two findings, not a copy', () => {
    const { notes } = map({
      notes: [note('Bleeding:\nNone.\nPressors:\nNone.', 2), note('Pressors:\nNone.', 9)],
    }).tensors;
    expect(notes.chunks.map(({ text }) => text)).toEqual(['Bleeding: None. Pressors: None.']);
  });

  test('at most 8 chunks of at most 250 words, every note heard before any is heard twice', () => {
    const words = (n: number, word: string) => Array.from({ length: n }, (_, i) => `${word}${i}`).join(' ');
    const { notes } = map({ notes: [note(words(2000, 'a'), 1), note(words(30, 'b'), 2)] }).tensors;
    expect(notes.chunks).toHaveLength(8);
    expect(notes.chunks[1]?.text.startsWith('b0 ')).toBe(true);
    for (const { text } of notes.chunks) expect(text.split(' ').length).toBeLessThanOrEqual(250);
    expect([...notes.mask]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('ignores a note filed after the order', () => {
    expect(map({ notes: [note('Died.', -1)] }).tensors.notes.chunks).toEqual([]);
  });
});

describe('feature spec', () => {
  test('holds only the columns of the concepts it was made for', () => {
    const small = buildFeatureSpec({
      id: 'small',
      concepts: ['hct', 'sex', 'resp_support'],
      levels: { resp_support: ['invasive-ventilation'] },
    });
    expect(new Set(small.tabular.map(({ concept }) => concept))).toEqual(new Set(['hct', 'sex', 'resp_support']));
    expect(small.series.concepts).toEqual(['hct']);
    expect(small.tabular.map(({ name }) => name)).toContain('resp_support__invasive_ventilation');
  });

  test('its canonical bytes are the same spec and do not depend on member order', () => {
    const bytes = canonicalSpecBytes(spec);
    const read = parseFeatureSpec(JSON.parse(new TextDecoder().decode(bytes)));
    expect(read).toEqual(spec);
    expect(canonicalSpecBytes(read)).toEqual(bytes);
  });

  test.each([
    ['an unknown concept', { states: [...spec.states, 'haematocrite'] }, /found haematocrite/],
    ['a column twice', { tabular: [...spec.tabular, ...spec.tabular.slice(0, 1)] }, /again/],
    [
      'a column this version cannot compute',
      { tabular: [{ name: 'x', kind: 'derived', concept: 'hr', formula: 'magic', windowHours: 24 }] },
      /found x/,
    ],
    [
      'a formula named like a member of every object',
      { tabular: [{ name: 'x', kind: 'derived', concept: 'hr', formula: 'toString', windowHours: 24 }] },
      /found x/,
    ],
    [
      'a measure this version cannot compute',
      { tabular: [{ name: 'x', kind: 'aggregate', concept: 'nee', measure: 'mean', windowHours: 24 }] },
      /found x/,
    ],
    [
      'a level this version does not know',
      { tabular: [{ name: 'x', kind: 'static', concept: 'product', level: 'albumin' }] },
      /found x/,
    ],
    [
      'a level of a concept that has none',
      { tabular: [{ name: 'x', kind: 'static', concept: 'age', level: 'old' }] },
      /found x/,
    ],
    ['another version', { specVersion: 2 }, /specVersion/],
  ])('bad call: %s is refused by name', (_title, change, message) => {
    expect(() => parseFeatureSpec({ ...spec, ...change })).toThrow(message);
  });
});
