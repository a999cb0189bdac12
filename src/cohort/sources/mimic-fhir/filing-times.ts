import { STORE_TIME_EXTENSION } from '../../../record/code-systems.js';
import { child, children, codings, referenceTo, text, type Element } from '../../../record/element.js';
import type { FilingTime, LeakageTrap } from '../../cohort-source.js';

/** LOINC code of a discharge summary. */
const DISCHARGE_SUMMARY = '18842-5';
const DAY_MS = 86_400_000;

/** The filing times of a chart's resources, and how many had none of their own. */
export interface FilingLedger {
  readonly filing: ReadonlyMap<string, FilingTime>;
  readonly withoutFilingTime: number;
}

/**
 * When each resource could first be known, from its own elements and apart from the readers of the record: the latest of its
 * time and its filing time (`issued`, the store time extension, `recordedDate`, `date`). One without any was never known.
 */
export function filingLedger(resources: readonly Element[]): FilingLedger {
  const filing = new Map<string, FilingTime>();
  let withoutFilingTime = 0;
  for (const resource of resources) {
    const found = timesOf(resource);
    if (!found) continue;
    const { trap, happened, filed } = found;
    if (filed.length === 0) withoutFilingTime += 1;
    const times = [...happened, ...filed].map(earliestMs);
    filing.set(referenceTo(resource), { availableMs: times.length === 0 ? Infinity : Math.max(...times), trap });
  }
  return { filing, withoutFilingTime };
}

interface FoundTimes {
  readonly trap: LeakageTrap;
  readonly happened: readonly string[];
  readonly filed: readonly string[];
}

function timesOf(resource: Element): FoundTimes | undefined {
  switch (resource['resourceType']) {
    case 'Observation':
      return {
        trap: 'result-filed-after-index',
        happened: momentOf(resource, 'effective', 'end'),
        filed: texts(text(resource, 'issued')),
      };
    case 'MedicationAdministration':
      return {
        trap: 'administration-filed-after-index',
        happened: momentOf(resource, 'effective', 'start'),
        filed: storeTimes(resource),
      };
    case 'Procedure':
      return {
        trap: 'procedure-filed-after-index',
        happened: momentOf(resource, 'performed', 'start'),
        filed: storeTimes(resource),
      };
    case 'Condition':
      return { trap: 'same-admission-diagnosis', happened: [], filed: texts(text(resource, 'recordedDate')) };
    case 'DocumentReference':
      return {
        trap: codings(resource, 'type').some(({ code }) => code === DISCHARGE_SUMMARY)
          ? 'own-discharge-summary'
          : 'note-filed-after-index',
        happened: [],
        filed: texts(text(resource, 'date')),
      };
    default:
      return undefined;
  }
}

function momentOf(resource: Element, name: string, side: 'start' | 'end'): readonly string[] {
  const period = child(resource, `${name}Period`);
  return texts(
    text(resource, `${name}DateTime`) ??
      text(resource, `${name}Instant`) ??
      text(period, side) ??
      text(period, side === 'end' ? 'start' : side),
  );
}

function storeTimes(resource: Element): readonly string[] {
  return children(resource, 'extension').flatMap((extension) =>
    text(extension, 'url') === STORE_TIME_EXTENSION ? texts(text(extension, 'valueDateTime')) : [],
  );
}

function texts(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

/** A time with its offset; of a bare date the end of that day in UTC at the earliest; never, where it cannot be read. */
function earliestMs(dateTime: string): number {
  const ms = Date.parse(dateTime);
  if (Number.isNaN(ms)) return Infinity;
  return dateTime.includes('T') ? ms : ms + DAY_MS - 1;
}
