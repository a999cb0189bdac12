import type { CohortSource, ReadStagedShard, SourceName } from '../cohort-source.js';
import type { IndexKind } from '../plan/episodes.js';
import {
  CHALLENGE_LANDMARK_HOUR,
  openChallengeCohort,
  readStagedChallenge,
} from '../sources/challenge-2012/challenge-cohort.js';
import { openEicu } from '../sources/eicu/open-eicu.js';
import type { IntakeShiftMinutes } from '../sources/eicu/transfusions.js';
import { readStagedEicu } from '../sources/eicu/staged-shard.js';
import { openFhirExport, readStagedFhir } from '../sources/mimic-fhir/index.js';
import { openMimicIvCohort } from '../sources/mimic-iv/mimic-cohort.js';
import { readStagedMimicIv } from '../sources/mimic-iv/staged-shard.js';

/** What can be asked of some sources only. */
export interface SourceOptions {
  /** eICU: minutes a charted volume of blood is taken to have begun before its charting. */
  readonly intakeShiftMinutes?: IntakeShiftMinutes;
  /** Challenge 2012: every record of every set in the folder, outcomes or none, for death in hospital and for prediction. */
  readonly everyRecord?: true;
}

export interface RegisteredSource {
  open(directory: string, options: SourceOptions): Promise<CohortSource>;
  readonly readShard: ReadStagedShard;
  /** Indexes the source can be built with; the first is the default. */
  readonly indexes: readonly IndexKind[];
  /** Options that mean something to this source. */
  readonly options?: readonly (keyof SourceOptions)[];
  /** The only landmarks that are fair in this source, where not all are. */
  readonly landmarkHours?: readonly number[];
}

/** Every source a training set can be built from. */
export const SOURCES: Readonly<Record<SourceName, RegisteredSource>> = {
  'mimic-iv': {
    open: openMimicIvCohort,
    readShard: readStagedMimicIv,
    indexes: ['order-time', 'admin-start', 'landmark'],
  },
  'mimic-fhir': {
    open: openFhirExport,
    readShard: readStagedFhir,
    indexes: ['order-time', 'admin-start', 'landmark'],
  },
  eicu: {
    open: openEicu,
    readShard: readStagedEicu,
    indexes: ['admin-start', 'landmark'],
    options: ['intakeShiftMinutes'],
  },
  'challenge-2012': {
    open: openChallengeCohort,
    readShard: readStagedChallenge,
    indexes: ['landmark'],
    landmarkHours: [CHALLENGE_LANDMARK_HOUR],
    options: ['everyRecord'],
  },
};

/** The source of that name. */
export function registered(name: SourceName): RegisteredSource {
  return SOURCES[name];
}
