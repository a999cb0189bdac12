import { createHash } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { conceptByKey } from '../concepts/dictionary.js';
import { ServiceError } from '../errors/service-error.js';
import { canonicalSpecBytes } from '../features/parse-feature-spec.js';
import type { FeatureSpec } from '../features/feature-spec.js';
import { CONCEPT_STATES } from '../features/feature-tensors.js';
import { mapFeatures } from '../features/map-features.js';
import { columnSources } from './column-sources.js';
import type { DatasetCard, DatasetRow, SetCounts } from './dataset-row.js';
import { icuBaselineSpec } from './sources/challenge-2012/icu-baseline-spec.js';
import { isConsistent } from './sources/challenge-2012/outcomes.js';
import { readChallengeSet, type ChallengeStay } from './sources/challenge-2012/read-challenge-2012.js';
import { writeTabularParquet } from './write-parquet.js';

export const DATASET_SOURCES = ['challenge-2012'] as const;
export type DatasetSource = (typeof DATASET_SOURCES)[number];

export interface BuildDatasetOptions {
  readonly source: DatasetSource;
  /** Folder of the published files; read, never written. */
  readonly path: string;
  /** Folder to make; refused when it exists. */
  readonly out: string;
  /** Called with the number of stays read so far. */
  readonly onProgress?: (stays: number) => void;
}

/** Every n-th stay tells which columns a source feeds: enough for each kind of column to have a value. */
const SOURCE_SAMPLE_EVERY = 40;

/**
 * Builds a training set through the same mapping that serves: `tabular.parquet`, `feature-spec.json`, `columns.json`,
 * `dataset-card.json`, and `DONE` last. The same files in give the same bytes out.
 * Throws ERR_DATASET when `out` exists or the source does not fit its published layout.
 */
export async function buildDataset(options: BuildDatasetOptions): Promise<DatasetCard> {
  await createFolder(options.out);
  const spec = icuBaselineSpec();
  const collected = await collect(spec, options);
  const specBytes = canonicalSpecBytes(spec);
  const card = describe(spec, specBytes, collected);
  const columns = describeColumns(spec, collected.samples);

  await writeTabularParquet(join(options.out, 'tabular.parquet'), columnNames(spec), collected.rows);
  await writeFile(join(options.out, 'feature-spec.json'), specBytes);
  await writeFile(join(options.out, 'columns.json'), json({ columns }));
  await writeFile(join(options.out, 'dataset-card.json'), json(card));
  await writeFile(join(options.out, 'DONE'), '');
  return card;
}

interface Collected {
  readonly rows: DatasetRow[];
  readonly samples: ChallengeStay[];
  readonly attrition: Record<string, SetCounts>;
  readonly rejections: Map<string, number>;
  /** Rows in which the concept at each index of `spec.states` is observed. */
  readonly observed: number[];
}

async function collect(spec: FeatureSpec, { path, onProgress }: BuildDatasetOptions): Promise<Collected> {
  const found: Collected = {
    rows: [],
    samples: [],
    attrition: {},
    rejections: new Map(),
    observed: spec.states.map(() => 0),
  };
  let stays = 0;
  for (const set of ['a', 'b'] as const) {
    const counts = { stays: 0, event: 0, survivor: 0, day2: 0, early: 0, impossible: 0, inconsistent: 0 };
    for await (const stay of readChallengeSet(path, set)) {
      stays += 1;
      counts.stays += 1;
      counts[stay.outcome.outcome] += 1;
      if (!isConsistent(stay.outcome)) counts.inconsistent += 1;
      addRow(spec, stay, found);
      if (stays % SOURCE_SAMPLE_EVERY === 1) found.samples.push(stay);
      onProgress?.(stays);
    }
    found.attrition[set] = counts;
  }
  return found;
}

function addRow(spec: FeatureSpec, stay: ChallengeStay, { rows, rejections, observed }: Collected): void {
  for (const { reason, concept, count } of stay.record.rejections) {
    const key = `${reason} ${concept ?? ''}`.trim();
    rejections.set(key, (rejections.get(key) ?? 0) + count);
  }
  const { outcome, survivalDays, recordId } = stay.outcome;
  if (outcome === 'early' || outcome === 'impossible') return;
  const { tabular, states } = mapFeatures(stay.record, spec, { predictionTimeMs: stay.predictionTimeMs });
  states.forEach((state, index) => {
    if (CONCEPT_STATES[state] === 'observed') observed[index] = (observed[index] ?? 0) + 1;
  });
  const label = outcome === 'event' ? 1 : outcome === 'survivor' ? 0 : null;
  rows.push({ recordId, set: stay.set, label, day2: outcome === 'day2', survivalDays, tabular });
}

function describe(spec: FeatureSpec, specBytes: Uint8Array, found: Collected): DatasetCard {
  const { rows } = found;
  return {
    datasetVersion: 1,
    source: 'PhysioNet/CinC Challenge 2012 v1.0.0, sets a and b',
    citation:
      'Silva I, Moody G, Scott DJ, Celi LA, Mark RG. Predicting In-Hospital Mortality of ICU Patients: The PhysioNet/Computing in Cardiology Challenge 2012. Comput Cardiol 2012;39:245-248.',
    licence: 'Open Data Commons Attribution License v1.0 (ODC-By)',
    predictionTime: '48 hours after ICU admission',
    label: 'death within the next 7 days: 2 < Survival <= 9; Survival 2 has no label; before 2 or impossible left out',
    featureSpec: {
      id: spec.id,
      sha256: createHash('sha256').update(specBytes).digest('hex'),
      columns: spec.tabular.length,
    },
    rows: rows.length,
    attrition: found.attrition,
    rejections: Object.fromEntries([...found.rejections].sort(([left], [right]) => (left < right ? -1 : 1))),
    observed: Object.fromEntries(
      spec.states.map((concept, index) => [concept, round(found.observed[index] ?? 0, rows.length)]),
    ),
    constantColumns: constantColumns(
      spec,
      rows.filter(({ set }) => set === 'a'),
    ),
  };
}

function round(count: number, of: number): number {
  return of === 0 ? 0 : Math.round((10_000 * count) / of) / 10_000;
}

function constantColumns(spec: FeatureSpec, rows: readonly DatasetRow[]): string[] {
  return columnNames(spec).filter((_name, column) => {
    const first = rows[0]?.tabular[column];
    return rows.every(({ tabular }) => Object.is(tabular[column], first));
  });
}

interface DescribedColumn {
  readonly name: string;
  readonly concept: string;
  readonly kind: string;
  readonly group: string;
  /** Sources whose loss empties the column. */
  readonly sources: readonly string[];
}

function describeColumns(spec: FeatureSpec, samples: readonly ChallengeStay[]): DescribedColumn[] {
  const sources = columnSources(spec, samples);
  return spec.tabular.map(({ name, concept, kind }, index) => ({
    name,
    concept,
    kind,
    group: conceptByKey(concept).group,
    sources: sources[index] ?? [],
  }));
}

function columnNames(spec: FeatureSpec): string[] {
  return spec.tabular.map(({ name }) => name);
}

async function createFolder(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) throw new ServiceError('ERR_DATASET', { detail: `${path} exists already: nothing is overwritten` });
  await mkdir(path, { recursive: true });
}

function json(content: unknown): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}
