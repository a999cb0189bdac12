import { ageYears } from '../../features/tabular/age.js';
import type { ChartFacts } from '../cohort-source.js';
import type { Episode } from './episodes.js';
import type { DeathBeforeIndex, Outcome } from './labels.js';

/** Why an episode is left out, in the order in which the reasons are asked; each episode counts under the first that holds. */
export const EXCLUSIONS = {
  'impossible-outcome': 'recorded outcome that cannot be',
  'age-unknown': 'age not known',
  'under-18': 'younger than 18 years',
  'before-icu-data': 'index before the first ICU data of the admission',
  'after-discharge': 'index charted at or after discharge',
  'dead-before-index': 'death recorded before the index',
  'comfort-care': 'comfort measures only before the index',
} as const;
export type Exclusion = keyof typeof EXCLUSIONS;

const ADULT_YEARS = 18;

/** The first reason to leave an episode out; undefined: it is kept. */
export function exclusionOf(
  chart: ChartFacts,
  episode: Episode,
  outcome: Outcome | DeathBeforeIndex,
  isAdministration: boolean,
): Exclusion | undefined {
  const { indexMs } = episode;
  if (chart.impossibleOutcome !== undefined) return 'impossible-outcome';
  const age = ageYears(chart.birthDate, indexMs);
  if (Number.isNaN(age)) return 'age-unknown';
  if (age < ADULT_YEARS) return 'under-18';
  if (isAdministration && isBeforeIcuData(chart, episode)) return 'before-icu-data';
  const admission = chart.admissions.find(({ admissionId }) => admissionId === episode.admissionId);
  const hasEnded = admission?.endMs !== undefined && admission.endMs <= indexMs;
  if ('kind' in outcome) return 'dead-before-index';
  if (episode.stayId === null && (hasEnded || (isAdministration && isAfterDischarge(chart, episode)))) {
    return 'after-discharge';
  }
  if (chart.comfortCareMs !== undefined && chart.comfortCareMs <= indexMs) return 'comfort-care';
  return undefined;
}

/** A product charted in no admission, when one had ended: late charting, of which nobody knows the time. */
function isAfterDischarge({ admissions }: ChartFacts, { indexMs, admissionId }: Episode): boolean {
  return admissionId === null && admissions.some(({ endMs }) => endMs !== undefined && endMs <= indexMs);
}

/** Charted by an ICU that the patient had not reached: no vital sign and no infusion of that time can be known. */
function isBeforeIcuData({ icuStays }: ChartFacts, { indexMs, stayId, admissionId }: Episode): boolean {
  if (stayId !== null) return false;
  const own = icuStays.filter((stay) => admissionId === null || stay.admissionId === admissionId);
  return own.length > 0 && own.every(({ startMs }) => startMs > indexMs);
}
