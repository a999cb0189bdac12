import { createHash } from 'node:crypto';
import { DuckDBInstance, type DuckDBAppender } from '@duckdb/node-api';
import { quoted } from '../csv/csv-file.js';
import type { SourceAbout } from '../cohort-source.js';
import type { CohortPlan, PlannedEpisode } from '../plan/plan-cohort.js';
import type { EpisodeReport } from './map-shard.js';

interface EpisodeColumn {
  readonly name: string;
  readonly type: 'VARCHAR' | 'BIGINT' | 'INTEGER' | 'BOOLEAN';
  value(row: EpisodeRow): string | number | boolean | null;
}

interface EpisodeRow {
  readonly episode: PlannedEpisode;
  readonly report: EpisodeReport | undefined;
  readonly about: SourceAbout;
  readonly plan: CohortPlan;
}

const text = (name: string, value: (row: EpisodeRow) => string | null): EpisodeColumn => ({
  name,
  type: 'VARCHAR',
  value,
});
const flag = (name: string, value: (row: EpisodeRow) => boolean | null): EpisodeColumn => ({
  name,
  type: 'BOOLEAN',
  value,
});
const count = (name: string, value: (row: EpisodeRow) => number | null): EpisodeColumn => ({
  name,
  type: 'INTEGER',
  value,
});

/** Columns of `episodes.parquet`, in order. Labels are null where the source cannot say. Nothing here is a model input. */
export const EPISODE_COLUMNS: readonly EpisodeColumn[] = [
  text('episode_id', ({ episode }) => episode.episodeId),
  text('patient_id', ({ episode }) => episode.patientId),
  text('chart_id', ({ episode }) => episode.chartId),
  text('admission_id', ({ episode }) => episode.admissionId),
  text('stay_id', ({ episode }) => episode.stayId),
  text('source', ({ about }) => about.source),
  text('subset', ({ episode }) => episode.subset),
  text('hospital', ({ episode }) => episode.hospital),
  text('period', ({ episode }) => episode.period),
  text('index_kind', ({ plan }) => plan.rule.kind),
  { name: 'index_ms', type: 'BIGINT', value: ({ episode }) => episode.indexMs },
  count('landmark_hour', ({ episode }) => episode.landmarkHour),
  text('products', ({ episode }) => episode.products.join('+')),
  flag('product_unspecified', ({ episode }) => episode.isUnspecified),
  count('episode_events', ({ episode }) => episode.events),
  count('operating_room_rows_before', ({ episode }) => episode.operatingRoomRowsBefore),
  count('episode_number', ({ episode }) => episode.number),
  count('patient_episodes', ({ episode }) => episode.patientEpisodes),
  flag('first_of_patient', ({ episode }) => episode.isFirstOfPatient),
  flag('first_of_admission', ({ episode }) => episode.isFirstOfAdmission),
  flag('in_icu', ({ episode }) => episode.stayId !== null),
  flag('scoreable', ({ report }) => report?.isScoreable ?? null),
  flag('label_7d', ({ episode }) => episode.outcome.died7d),
  flag('label_7d_sensitivity', ({ episode }) => episode.outcome.died7dSensitivity),
  flag('label_ambiguous', ({ episode }) => episode.outcome.ambiguous),
  flag('label_24h', ({ episode }) => episode.outcome.died24h),
  flag('label_72h', ({ episode }) => episode.outcome.died72h),
  flag('label_in_hospital', ({ episode }) => episode.outcome.diedInHospital),
  flag('death_within_6h', ({ episode }) => episode.outcome.diedWithin6h),
  text('death_known_by', ({ episode }) => episode.outcome.deathKnownBy),
  text('deaths_seen', ({ about }) => about.deathsSeen),
  flag('discharged_before_7d', ({ episode }) => episode.outcome.lostBefore7d),
  count('fold', ({ episode }) => episode.fold),
  text('split', ({ episode }) => episode.split),
  text('temporal_split', ({ episode }) => episode.temporalSplit),
  count('hospital_fold', ({ episode }) => episode.hospitalFold),
  text('tabular_sha256', ({ report }) => report?.tabularSha256 ?? null),
];

/**
 * Writes `episodes.parquet` in the plan's order. The same plan gives the same bytes. Returns sha256 over the rows, each a line of
 * JSON (an array of its cells), whatever file they come in.
 */
export async function writeEpisodes(
  path: string,
  about: SourceAbout,
  plan: CohortPlan,
  reports: ReadonlyMap<string, EpisodeReport>,
): Promise<string> {
  const digest = createHash('sha256');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const columns = EPISODE_COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ');
    await connection.run(`CREATE TABLE episodes (${columns})`);
    const appender = await connection.createAppender('episodes');
    for (const episode of plan.episodes) {
      const row = { episode, about, plan, report: reports.get(episode.episodeId) };
      const cells = EPISODE_COLUMNS.map((column) => column.value(row));
      EPISODE_COLUMNS.forEach((column, place) => {
        appendCell(appender, column, cells[place] ?? null);
      });
      appender.endRow();
      digest.update(`${JSON.stringify(cells)}\n`);
    }
    appender.closeSync();
    await connection.run(`COPY episodes TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
    return digest.digest('hex');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function appendCell(appender: DuckDBAppender, { type }: EpisodeColumn, value: string | number | boolean | null): void {
  if (value === null) appender.appendNull();
  else if (type === 'VARCHAR') appender.appendVarchar(String(value));
  else if (type === 'BIGINT') appender.appendBigInt(BigInt(Math.trunc(Number(value))));
  else if (type === 'INTEGER') appender.appendInteger(Number(value));
  else appender.appendBoolean(value === true);
}
