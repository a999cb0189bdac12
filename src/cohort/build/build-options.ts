import type { FeatureSpec } from '../../features/feature-spec.js';
import type { SourceName } from '../cohort-source.js';
import type { IndexKind } from '../plan/episodes.js';
import type { SourceOptions } from './source-registry.js';

/** One of several jobs that share the work: this one maps the shards whose number leaves `index − 1` when divided by `of`. */
export interface Part {
  /** 1 to `of`. */
  readonly index: number;
  readonly of: number;
}

export interface BuildOptions {
  readonly source: SourceName;
  /** Folder of the published files; read, never written. */
  readonly path: string;
  /** Folder to make. A build that was cut short in it is taken up again; a finished one is never overwritten. */
  readonly out: string;
  readonly spec: FeatureSpec;
  readonly index?: IndexKind;
  readonly gapHours?: number;
  readonly landmarkHours?: readonly number[];
  readonly sourceOptions?: SourceOptions;
  /** Pieces the work is cut into; the result is the same whatever it is. */
  readonly shards?: number;
  readonly part?: Part;
  /** Worker threads; as many as there are processors where absent. 0: in this thread. */
  readonly workers?: number;
  readonly onProgress?: (progress: BuildProgress) => void;
}

export interface BuildProgress {
  readonly stage: 'facts' | 'staging' | 'mapping' | 'assembling';
  readonly words: string;
  /** Episodes mapped, and how many there are; set while mapping. */
  readonly done?: number;
  readonly of?: number;
}

/** What a build took; measured, so not part of the dataset. Seconds; bytes. */
export interface BuildTimings {
  readonly factsSeconds: number;
  readonly stagingSeconds: number;
  readonly mappingSeconds: number;
  readonly assemblingSeconds: number;
  readonly peakMemoryBytes: number;
  readonly rowsStaged: number;
  readonly episodesMapped: number;
}
