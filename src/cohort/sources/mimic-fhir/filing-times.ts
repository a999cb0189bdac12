import { STORE_TIME_EXTENSION } from '../../../record/code-systems.js';
import { child, children, codings, referenceTo, text, type Element } from '../../../record/element.js';
import type { FilingTime, LeakageTrap } from '../../cohort-source.js';
import { referredId } from './identity.js';

/** LOINC code of a discharge summary. */
const DISCHARGE_SUMMARY = '18842-5';
const DAY_MS = 86_400_000;
const DIAGNOSIS_OF_STAY = 'http://terminology.hl7.org/CodeSystem/condition-category encounter-diagnosis';
/** In place of a time: it cannot be read, so that what it belongs to was never known. */
const NEVER = 'never';

/** The filing times of a chart's resources, and how many had none of their own. */
export interface FilingLedger {
  readonly filing: ReadonlyMap<string, FilingTime>;
  readonly withoutFilingTime: number;
}

/**
 * When each resource could first be known, from its own elements and apart from the readers of the record: the latest of its
 * time and its filing time (`issued`, the store time extension, `recordedDate`, `date` and the creation of a note's text). The
 * diagnosis of a stay was not known before that stay was over. One without any time was never known.
 */
export function filingLedger(resources: readonly Element[]): FilingLedger {
  const filing = new Map<string, FilingTime>();
  const stays = new Map(
    resources.filter(({ resourceType }) => resourceType === 'Encounter').map((stay) => [text(stay, 'id'), stay]),
  );
  let withoutFilingTime = 0;
  for (const resource of resources) {
    const found = timesOf(resource, stays);
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

/** Encounters by id. */
type Stays = ReadonlyMap<string | undefined, Element>;

function timesOf(resource: Element, stays: Stays): FoundTimes | undefined {
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
      return {
        trap: 'same-admission-diagnosis',
        happened: endsOfItsStays(resource, stays),
        filed: texts(text(resource, 'recordedDate')),
      };
    case 'DocumentReference':
      return {
        trap: codings(resource, 'type').some(({ code }) => code === DISCHARGE_SUMMARY)
          ? 'own-discharge-summary'
          : 'note-filed-after-index',
        happened: creationsOf(resource),
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

/** The end of the stay that a diagnosis was coded for, and of every stay around it; none for the problem list. */
function endsOfItsStays(condition: Element, stays: Stays): readonly string[] {
  const isOfStay = children(condition, 'category')
    .flatMap((category) => children(category, 'coding'))
    .some(({ system, code }) => `${String(system)} ${String(code)}` === DIAGNOSIS_OF_STAY);
  const ends: string[] = [];
  let reference = isOfStay ? child(condition, 'encounter') : undefined;
  // No stay is inside itself; references that say so end after as many steps as there are stays.
  for (let step = 0; reference && step <= stays.size; step += 1) {
    const stay: Element | undefined = stays.get(referredId(reference, 'Encounter') ?? '');
    ends.push(text(child(stay, 'period'), 'end') ?? NEVER);
    reference = child(stay, 'partOf');
  }
  return ends;
}

/** When the attachments of a note that may hold its text were made. */
function creationsOf(document: Element): readonly string[] {
  return children(document, 'content').flatMap((content) => {
    const attachment = child(content, 'attachment');
    const isText = /^(text\/(plain|html)|application\/xhtml\+xml)\b/i.test(
      text(attachment, 'contentType') ?? 'text/plain',
    );
    return isText ? texts(text(attachment, 'creation')) : [];
  });
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
