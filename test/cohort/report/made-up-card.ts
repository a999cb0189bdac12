import type { DatasetCard } from '../../../src/cohort/dataset-card.js';

export const HOSTILE = '</text><script>alert("1 & 2")</script>\u0000 | `x`';

const NONE = { patients: 0, admissions: 0, episodes: 0 };

/** A dataset of 37 patients, in numbers that a reader can add up: 60 episodes found, 10 left out. */
export function cardOf(changes: Partial<DatasetCard> = {}): DatasetCard {
  return {
    datasetVersion: 2,
    source: {
      name: 'mimic-iv',
      title: 'MIMIC-IV',
      version: '3.1',
      citation: 'Johnson A et al.',
      licence: 'PhysioNet Credentialed Health Data License 1.5.0',
      deathsSeen: 'any',
      caveats: ['Dates of death outside hospital are dates.'],
    },
    index: { kind: 'order-time', words: 'a blood product order is signed', gapHours: 24, landmarkHours: [] },
    label: 'death in (t0, t0 + 7 days]',
    featureSpec: { id: 'spec-1', sha256: 'f'.repeat(64), columns: 212, seriesConcepts: 53 },
    counts: {
      episodes: 50,
      patients: 33,
      admissions: 40,
      scoreable: 48,
      outsideIcu: 21,
      ambiguous: 2,
      unlabelled: 3,
      dischargedBefore7d: 0,
      deathsWithin6h: 1,
      events: { 'all episodes': { n: 47, events: 9 }, 'first of a patient': { n: 31, events: 5 } },
      splits: { train: { n: 30, events: 6 }, tuning: { n: 8, events: 1 }, held_out: { n: 9, events: 2 } },
    },
    attrition: {
      totals: { patients: 100, admissions: 275, icuStays: 140 },
      found: { patients: 37, admissions: 44, episodes: 60, charts: 37, events: 240, signings: 348 },
      operatingRoomOnly: NONE,
      excluded: {
        'impossible-outcome': NONE,
        'age-unknown': NONE,
        'under-18': NONE,
        'before-icu-data': NONE,
        'after-discharge': { patients: 2, admissions: 3, episodes: 4 },
        'dead-before-index': NONE,
        'comfort-care': { patients: 5, admissions: 5, episodes: 6 },
      },
      kept: { patients: 33, admissions: 40, episodes: 50 },
    },
    states: { lactate: [0.625, 0.375, 0], hr: [1, 0, 0], hb: [0.9, 0, 0.1], dbp: [0, 1, 0] },
    distributions: [
      { concept: 'hb', edges: [4, 6, 8, 10], counts: [2, 8, 4], median: 7.4, q1: 6.6, q3: 8.2, n: 14 },
      { concept: 'ph', edges: [7, 7], counts: [0], median: NaN, q1: NaN, q3: NaN, n: 0 },
    ],
    constantColumns: ['inotrope_on'],
    rowsStaged: { chartevents: 12345 },
    unitsCharted: { 'hb g/dL': 321, 'temp [degF]': 54 },
    rejections: { 'out-of-range hb': 7, 'hosp/labevents: no time that can be read': 1 },
    withoutFilingTime: 17,
    guards: { 'result-filed-after-index': 4321 },
    tabularSha256: 'a'.repeat(64),
    episodesSha256: 'b'.repeat(64),
    ...changes,
  };
}

/** The same with a text that tries to break out wherever the source, or a reason, can put one. */
export function hostileCard(): DatasetCard {
  const card = cardOf();
  return {
    ...card,
    source: { ...card.source, title: HOSTILE, version: HOSTILE, citation: HOSTILE, caveats: [HOSTILE] },
    rejections: { [HOSTILE]: 1 },
    unitsCharted: { [HOSTILE]: 2 },
  };
}

/** A dataset in which nobody was found. */
export function emptyCard(): DatasetCard {
  const { counts, attrition } = cardOf();
  const numbers = { episodes: 0, patients: 0, admissions: 0, scoreable: 0, outsideIcu: 0, ambiguous: 0, unlabelled: 0 };
  return cardOf({
    counts: { ...counts, ...numbers, deathsWithin6h: 0, events: { 'all episodes': { n: 0, events: 0 } }, splits: {} },
    attrition: {
      ...attrition,
      totals: { patients: 0, admissions: 0, icuStays: 0 },
      found: { ...NONE, charts: 0, events: 0, signings: 0 },
      excluded: {},
      kept: NONE,
    },
    states: {},
    distributions: [],
    constantColumns: [],
    rowsStaged: {},
    unitsCharted: {},
    rejections: {},
    withoutFilingTime: 0,
    guards: {},
  });
}
