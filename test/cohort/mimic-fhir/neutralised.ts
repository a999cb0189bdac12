import type { SourceKey } from '../../../src/concepts/concept.js';
import { conceptByKey } from '../../../src/concepts/dictionary.js';
import type { Administration, PatientRecord } from '../../../src/record/patient-record.js';

/** One patient's record straight from CSV and from the export. */
export interface Pair {
  readonly csv: PatientRecord;
  readonly fhir: PatientRecord;
}

const MINUTE_MS = 60_000;
const OUTPUT = /^Observation\/output-/;
const sourceOf = (concept: string): string => conceptByKey(concept).source;

/** The CSV record with the export's coverage of these sources. */
function covered({ csv, fhir }: Pair, ...keys: readonly SourceKey[]): PatientRecord {
  const coverage = Object.fromEntries(keys.map((key) => [key, fhir.coverage[key]]));
  return { ...csv, coverage: { ...csv.coverage, ...coverage } };
}

function isPush({ startMs, endMs, rate, evidence }: Administration): boolean {
  return rate === undefined && endMs === startMs + MINUTE_MS && evidence.startsWith('inputevents/');
}

/** Takes one difference of `EXPORT_DIFFERENCES` away: from the CSV record what the export lacks, from the other what it adds. */
export const NEUTRALISED: Readonly<Record<string, (pair: Pair) => Pair>> = {
  laboratory: (pair) => {
    const csv = covered(pair, 'labs');
    return { ...pair, csv: { ...csv, values: csv.values.filter(({ concept }) => sourceOf(concept) !== 'labs') } };
  },
  'bedside-chart': (pair) => {
    const csv = covered(pair, 'vitals', 'bedside');
    const values = csv.values.filter(({ concept, evidence }) => sourceOf(concept) === 'labs' || OUTPUT.test(evidence));
    return { ...pair, csv: { ...csv, values } };
  },
  'emergency-department': ({ csv, fhir }) => ({
    csv,
    fhir: {
      ...fhir,
      values: fhir.values.filter(({ concept }) => sourceOf(concept) !== 'vitals'),
      encounters: fhir.encounters.filter(({ setting }) => setting !== 'emergency'),
    },
  }),
  'diagnosis-time': (pair) => ({ ...pair, csv: { ...covered(pair, 'conditions'), conditions: [] } }),
  'store-time': ({ csv, fhir }) => ({
    fhir,
    csv: {
      ...csv,
      administrations: csv.administrations.map((given) => ({ ...given, availableMs: given.startMs })),
    },
  }),
  'push-time': ({ csv, fhir }) => ({
    fhir,
    csv: {
      ...csv,
      administrations: csv.administrations.map((given) => {
        const startMs = isPush(given) ? given.startMs + MINUTE_MS : given.startMs;
        return { ...given, startMs, availableMs: Math.max(startMs, given.availableMs) };
      }),
    },
  }),
  'ambulatory-observation': ({ csv, fhir }) => ({
    fhir,
    csv: {
      ...csv,
      encounters: csv.encounters.map((stay) => {
        const isElective = fhir.encounters.some(
          ({ startMs, setting, admissionType }) =>
            startMs === stay.startMs && setting === stay.setting && admissionType === 'elective',
        );
        return stay.admissionType === 'observation' && isElective ? { ...stay, admissionType: 'elective' } : stay;
      }),
    },
  }),
};

/** The pair with every difference taken away but the one that is named. */
export function withOnly(name: string | undefined, pair: Pair): Pair {
  // The times of a push move before its availability does.
  return Object.entries(NEUTRALISED)
    .filter(([other]) => other !== name)
    .reduce((now, [, takeAway]) => takeAway(now), pair);
}
