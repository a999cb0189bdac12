import { EXCLUSIONS } from '../plan/eligibility.js';
import type { DatasetCard } from '../dataset-card.js';
import type { Counts } from '../plan/plan-cohort.js';
import { markdownText } from './markdown-text.js';

/** One line of the attrition table: what was left out, or what is left. */
export interface AttritionStep {
  readonly key: string;
  readonly words: string;
  readonly counts: Counts;
}

/** The way from the source to the dataset, as figure 1 of a paper shows it. */
export interface Attrition {
  readonly source: AttritionStep;
  readonly candidates: AttritionStep;
  readonly exclusions: readonly AttritionStep[];
  readonly kept: AttritionStep;
  /** Deaths within 7 days among the labelled rows kept. */
  readonly outcome: { readonly events: number; readonly labelled: number; readonly unlabelled: number };
}

const CANDIDATE_WORDS: Readonly<Record<string, string>> = {
  'order-time': 'Episodes of signed blood product orders',
  'admin-start': 'Episodes of blood products given',
  landmark: 'Landmarks of ICU stays',
};

/** The steps of a dataset card. Every exclusion is listed, those that left out nobody too: they were asked. */
export function attritionOf({ source, index, attrition, counts }: DatasetCard): Attrition {
  const { totals, found, operatingRoomOnly, excluded, kept } = attrition;
  const all = counts.events['all episodes'] ?? { n: 0, events: 0 };
  return {
    source: {
      key: 'source',
      words: `${source.title} ${source.version} (${totals.icuStays} ICU stays)`,
      counts: { patients: totals.patients, admissions: totals.admissions, episodes: 0 },
    },
    candidates: {
      key: 'candidates',
      words: CANDIDATE_WORDS[index.kind] ?? 'Episodes',
      counts: { patients: found.patients, admissions: found.admissions, episodes: found.episodes },
    },
    exclusions: [
      ...(index.kind === 'admin-start'
        ? [{ key: 'operating-room-only', words: 'operating or recovery room charting only', counts: operatingRoomOnly }]
        : []),
      ...Object.entries(EXCLUSIONS).map(([key, words]) => ({
        key,
        words,
        counts: excluded[key] ?? { patients: 0, admissions: 0, episodes: 0 },
      })),
    ],
    kept: { key: 'kept', words: 'Kept', counts: kept },
    outcome: { events: all.events, labelled: all.n, unlabelled: counts.unlabelled },
  };
}

/** The table for a paper's supplement. */
export function attritionMarkdown({ source, candidates, exclusions, kept, outcome }: Attrition): string {
  const row = (words: string, counts: Counts, episodes: string): string =>
    `| ${words} | ${counts.patients} | ${counts.admissions} | ${episodes} |`;
  return [
    '# Attrition',
    '',
    '| | patients | admissions | episodes |',
    '|---|---:|---:|---:|',
    row(markdownText(source.words), source.counts, ''),
    row(`**${markdownText(candidates.words)}**`, candidates.counts, String(candidates.counts.episodes)),
    ...exclusions.map(({ words, counts }) => row(`left out: ${markdownText(words)}`, counts, String(counts.episodes))),
    row(`**${markdownText(kept.words)}**`, kept.counts, String(kept.counts.episodes)),
    '',
    `Deaths within 7 days: ${outcome.events} of ${outcome.labelled} episodes with a label; ${outcome.unlabelled} have none.`,
    '',
    'Each episode left out counts once, under the first reason that holds. A patient or an admission with several episodes can stand in more than one line.',
    '',
  ].join('\n');
}
