import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { ServiceError } from '../../../errors/service-error.js';
import type {
  ChartFacts,
  CohortSource,
  FilingTime,
  SourceAbout,
  SourceChart,
  StageReport,
  StageRequest,
} from '../../cohort-source.js';
import { isConsistent } from './outcomes.js';
import { readStayFiles, type ChallengeStay } from './read-challenge-2012.js';
import { readEveryRecord, type EveryRecord } from './read-every-record.js';
import { ADMISSION_MS, recordFromRows, unmappedParameters } from './record-from-rows.js';

const DAY_MS = 86_400_000;

const ABOUT: SourceAbout = {
  source: 'challenge-2012',
  title: 'PhysioNet/CinC Challenge 2012, sets a and b',
  version: '1.0.0',
  citation:
    'Silva I, Moody G, Scott DJ, Celi LA, Mark RG. Predicting In-Hospital Mortality of ICU Patients: The PhysioNet/Computing in Cardiology Challenge 2012. Comput Cardiol 2012;39:245-248.',
  licence: 'Open Data Commons Attribution License v1.0 (ODC-By)',
  deathsSeen: 'any',
  sameDayDeath: 'unlabelled',
  caveats: [
    'General ICU patients; no transfusions.',
    'Survival counts whole days from ICU admission: at hour 48, death on day 2 may lie before or after the index, so the label is null (the sensitivity label counts it as death).',
    'Every record lasts 48 hours: an earlier landmark would never see an early death, so hour 48 is the only one.',
    'The source has no filing times: every value counts as available when charted.',
  ],
  columnsRead: ['record.Time', 'record.Parameter', 'record.Value', 'Outcomes.Survival', 'Outcomes.In-hospital_death'],
};

const LABEL_EVERY_RECORD =
  'label_in_hospital: In-hospital_death of the outcomes, of every record that has outcomes; label_7d: death on day 3 to 9 after ICU admission (2 < Survival ≤ 9), at hour 48; day 2 has no label and counts as an event in the sensitivity label; earlier or impossible survivals have none';

/** The one landmark of this source, hours after ICU admission. */
export const CHALLENGE_LANDMARK_HOUR = 48;

/**
 * Challenge 2012 as a source of training sets. Throws ERR_DATASET when a file is missing, does not parse, or a stay has no
 * outcome row. `everyRecord`: whatever records lie in the folder, with or without outcomes, and none of them left out.
 * @see https://physionet.org/content/challenge-2012/1.0.0/
 */
export async function openChallengeCohort(
  directory: string,
  { everyRecord = false }: { readonly everyRecord?: boolean } = {},
): Promise<CohortSource> {
  const every = everyRecord ? await readEveryRecord(directory) : undefined;
  const rejections: Record<string, number> = { ...every?.rejections };
  const stays = new Map<string, ChallengeStay>();
  return {
    about: every ? aboutEveryRecord(every.places) : ABOUT,
    facts: async () => {
      const charts: ChartFacts[] = [];
      for (const stay of every?.stays ?? (await publishedStays(directory))) {
        const { set, file, outcome } = stay;
        const chartId = set === null ? `challenge-${file.recordId}` : `challenge-${set}-${file.recordId}`;
        if (stays.has(chartId)) {
          throw new ServiceError('ERR_DATASET', { detail: `set-${set}: record ${file.recordId} is there twice` });
        }
        stays.set(chartId, stay);
        if (outcome && !isConsistent(outcome)) {
          const words = `Outcomes${set === null ? '' : `-${set}`}: in-hospital death contradicts survival and length of stay (kept)`;
          rejections[words] = (rejections[words] ?? 0) + 1;
        }
        charts.push(factsOf(chartId, stay));
      }
      charts.sort((a, b) => (a.chartId < b.chartId ? -1 : 1));
      return { charts, totals: { patients: charts.length, admissions: charts.length, icuStays: charts.length } };
    },
    stage: (request) => stage(stays, rejections, request),
    close: () => undefined,
  };
}

async function publishedStays(directory: string): Promise<readonly ChallengeStay[]> {
  const [a, b] = [await readStayFiles(directory, 'a'), await readStayFiles(directory, 'b')];
  return [...a, ...b];
}

function aboutEveryRecord(places: EveryRecord['places']): SourceAbout {
  const without = places.flatMap(({ words, hasOutcomes }) => (hasOutcomes ? [] : [words]));
  return {
    ...ABOUT,
    title: `PhysioNet/CinC Challenge 2012, every record of ${places.map(({ words }) => words).join(', ')}`,
    keepsEveryRecord: true,
    labelWords: without.length === places.length ? 'none: no outcomes given' : LABEL_EVERY_RECORD,
    caveats: [
      ...ABOUT.caveats,
      'Every record is kept: minors and patients without an age, records of a death before hour 48 and survivals that cannot be too; of the last two, labels other than death in hospital are null.',
      ...(without.length === 0 ? [] : [`No outcomes given for ${without.join(', ')}: all labels are null.`]),
    ],
  };
}

function factsOf(chartId: string, { set, file, outcome }: ChallengeStay): ChartFacts {
  const age = /,Age,(\d+(?:\.\d+)?)\s*$/m.exec(file.bytes.toString('utf8'))?.[1];
  const isImpossible = outcome?.outcome === 'impossible';
  return {
    chartId,
    patientId: String(file.recordId),
    chartOrder: 0,
    ...(age === undefined ? {} : { birthDate: `${new Date(ADMISSION_MS).getUTCFullYear() - Number(age)}-01-01` }),
    admissions: [
      {
        admissionId: chartId,
        startMs: ADMISSION_MS,
        isDeadAtDischarge: outcome?.diedInHospital ?? false,
        ...(outcome ? {} : { isOutcomeUnknown: true }),
      },
    ],
    icuStays: [{ stayId: chartId, admissionId: chartId, startMs: ADMISSION_MS }],
    transfusions: [],
    orders: [],
    ...(isImpossible ? { impossibleOutcome: 'survival' } : {}),
    ...(!outcome || isImpossible || outcome.survivalDays < 0
      ? {}
      : { deathDay: ADMISSION_MS / DAY_MS + outcome.survivalDays }),
    ...(set === null ? {} : { subset: set }),
  };
}

interface StagedStay {
  readonly chartId: string;
  readonly label: string;
  readonly text: string;
}

async function stage(
  stays: ReadonlyMap<string, ChallengeStay>,
  rejections: Readonly<Record<string, number>>,
  { wanted, folder }: StageRequest,
): Promise<StageReport> {
  const byShard = new Map<number, StagedStay[]>();
  let rows = 0;
  for (const { chartId, shard } of wanted) {
    const stay = stays.get(chartId);
    if (!stay) continue;
    const text = stay.file.bytes.toString('utf8');
    rows += text.trimEnd().split('\n').length - 1;
    const list = byShard.get(shard) ?? [];
    list.push({ chartId, label: stay.label, text });
    byShard.set(shard, list);
  }
  for (const [shard, list] of byShard) {
    const out = createWriteStream(join(folder, `${shard}.ndjson`));
    for (const stay of list) out.write(`${JSON.stringify(stay)}\n`);
    out.end();
    await finished(out);
  }
  return { rows: { records: rows }, rejections };
}

/** The stays of one shard, ascending by chart id. */
export async function* readStagedChallenge(folder: string, shard: number): AsyncGenerator<SourceChart> {
  const lines = createInterface({ input: createReadStream(join(folder, `${shard}.ndjson`)), crlfDelay: Infinity });
  for await (const line of lines) {
    const { chartId, label, text } = JSON.parse(line) as StagedStay;
    const record = recordFromRows(text, label);
    yield {
      chartId,
      record,
      filing: filingOf(text, record.procedures),
      withoutFilingTime: record.values.length,
      rejections: unmappedParameters(text, label),
    };
  }
}

/** Every row at its own time, read from the text again; ventilation from its first row on. */
function filingOf(
  text: string,
  procedures: readonly { readonly evidence: string; readonly startMs: number }[],
): ReadonlyMap<string, FilingTime> {
  const filing = new Map<string, FilingTime>();
  text.split(/\r?\n/).forEach((row, index) => {
    const [, hours, minutes, parameter] = /^(\d+):(\d+),([^,]*),/.exec(row) ?? [];
    if (parameter === undefined) return;
    const availableMs = ADMISSION_MS + (Number(hours) * 60 + Number(minutes)) * 60_000;
    filing.set(`${parameter}/${index + 1}`, { availableMs, trap: 'result-filed-after-index' });
  });
  for (const { evidence, startMs } of procedures) {
    filing.set(evidence, { availableMs: startMs, trap: 'procedure-filed-after-index' });
  }
  return filing;
}
