import type { Concept } from '../../../concepts/concept.js';
import { concepts } from '../../../concepts/dictionary.js';
import { toCanonical } from '../../../concepts/units.js';
import { ServiceError } from '../../../errors/service-error.js';
import type { ObservedValue, PatientRecord, ProcedureEvent, RejectionCount } from '../../../record/patient-record.js';
import { PARAMETER_UNITS, STAY_PARAMETERS } from './parameter-units.js';

const HOUR_MS = 3_600_000;

/** Stays carry no dates; all are read as if admitted at this time. */
export const ADMISSION_MS = Date.UTC(2012, 0, 1);
/** End of the published window: 48 hours after admission. */
export const PREDICTION_TIME_MS = ADMISSION_MS + 48 * HOUR_MS;

/** Ventilation ends when nothing says "ventilated" for this long. */
const VENTILATION_GAP_MS = 8 * HOUR_MS;

/** The source writes −1 where a descriptor is not known. */
const UNKNOWN = -1;

interface Row {
  readonly timeMs: number;
  readonly parameter: string;
  readonly value: number;
  readonly line: number;
}

/** Parameters that are read as something other than a value of a concept. */
const DESCRIPTORS: ReadonlySet<string> = new Set<string>(STAY_PARAMETERS);

const conceptByParameter = new Map(concepts.flatMap((concept) => concept.challenge2012.map((name) => [name, concept])));

/**
 * One stay (`Time,Parameter,Value` rows) as a PatientRecord. Every value is available at its own time: the source has no
 * filing times. Labs, vitals and bedside values are covered from admission on; drugs, conditions and notes are not part
 * of this source. Throws ERR_DATASET naming the line that does not fit.
 */
export function recordFromRows(content: string, label: string): PatientRecord {
  const rows = parseRows(content, label);
  const rejections = new Map<string, RejectionCount>();
  const values: ObservedValue[] = [];
  for (const row of rows) {
    const concept = conceptByParameter.get(row.parameter);
    if (!concept || !(row.parameter in PARAMETER_UNITS) || row.value === UNKNOWN) continue;
    const converted = toCanonical(concept, row.value, PARAMETER_UNITS[row.parameter]);
    if (converted.kind === 'ok') values.push(observed(concept, converted.value, row));
    else count(rejections, converted.reason, concept);
  }
  const age = descriptor(rows, 'Age');
  const gender = descriptor(rows, 'Gender');
  return {
    ...(age === undefined ? {} : { birthDate: `${new Date(ADMISSION_MS).getUTCFullYear() - age}-01-01` }),
    sex: gender === 1 ? 'male' : gender === 0 ? 'female' : 'unknown',
    values,
    administrations: [],
    procedures: ventilation(rows),
    encounters: [{ setting: 'icu', startMs: ADMISSION_MS, evidence: 'admission' }],
    conditions: [],
    notes: [],
    orders: [],
    coverage: {
      patient: covered,
      encounters: covered,
      labs: covered,
      vitals: covered,
      bedside: covered,
      procedures: covered,
      administrations: notSupported,
      conditions: notSupported,
      notes: notSupported,
    },
    rejections: [...rejections.values()],
  };
}

/** Rows of a stay by parameters that no concept stands for, in the words of the dataset card. */
export function unmappedParameters(content: string, label: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { parameter } of parseRows(content, label)) {
    if (conceptByParameter.has(parameter) || DESCRIPTORS.has(parameter)) continue;
    const words = `records: no concept for ${parameter}`;
    counts[words] = (counts[words] ?? 0) + 1;
  }
  return counts;
}

const covered = { kind: 'covered', sinceMs: ADMISSION_MS, origin: 'dataset' } as const;
const notSupported = { kind: 'unavailable', reason: 'not-supported' } as const;

function observed(concept: Concept, value: number, { timeMs, parameter, line }: Row): ObservedValue {
  return { concept: concept.key, value, timeMs, availableMs: timeMs, evidence: `${parameter}/${line}` };
}

function count(rejections: Map<string, RejectionCount>, reason: RejectionCount['reason'], concept: Concept): void {
  const key = `${reason} ${concept.key}`;
  rejections.set(key, { reason, concept: concept.key, count: (rejections.get(key)?.count ?? 0) + 1 });
}

function parseRows(content: string, label: string): Row[] {
  const [header, ...lines] = content.trimEnd().split(/\r?\n/);
  if (header !== 'Time,Parameter,Value') {
    throw new ServiceError('ERR_DATASET', { detail: `${label}: expected the header Time,Parameter,Value` });
  }
  return lines.map((text, index) => {
    const [time = '', parameter = '', value = ''] = text.split(',');
    const clock = /^(\d{2}):([0-5]\d)$/.exec(time);
    const number = Number(value);
    if (!clock || value.trim() === '' || Number.isNaN(number)) {
      throw new ServiceError('ERR_DATASET', { detail: `${label}: line ${index + 2} is not time, parameter, number` });
    }
    const minutes = Number(clock[1]) * 60 + Number(clock[2]);
    return { timeMs: ADMISSION_MS + minutes * 60_000, parameter, value: number, line: index + 2 };
  });
}

function descriptor(rows: readonly Row[], parameter: string): number | undefined {
  const value = rows.find((row) => row.parameter === parameter)?.value;
  return value === UNKNOWN ? undefined : value;
}

/** `MechVent` 1 is charted again and again while ventilated: rows less than the gap apart are one procedure. */
function ventilation(rows: readonly Row[]): ProcedureEvent[] {
  const times = rows.filter(({ parameter, value }) => parameter === 'MechVent' && value === 1).map((row) => row.timeMs);
  const events: ProcedureEvent[] = [];
  let startMs: number | undefined;
  times.sort((a, b) => a - b);
  times.forEach((timeMs, index) => {
    startMs ??= timeMs;
    const isLast = (times[index + 1] ?? PREDICTION_TIME_MS) - timeMs > VENTILATION_GAP_MS;
    const isNewest = index === times.length - 1;
    if (!isLast && !isNewest) return;
    const ended = isLast ? { endMs: timeMs } : {};
    events.push({
      kind: 'invasive-ventilation',
      startMs,
      ...ended,
      availableMs: startMs,
      evidence: `MechVent/${index}`,
    });
    startMs = undefined;
  });
  return events;
}
