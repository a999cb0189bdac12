import { parentPort } from 'node:worker_threads';
import { ServiceError } from '../../errors/service-error.js';
import { mapShard, type ShardJob } from './map-shard.js';

/** What a worker says. A fault comes with its code, so that the build can end with the same one. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly episodes: number }
  | { readonly kind: 'done'; readonly shard: number }
  | { readonly kind: 'fault'; readonly shard: number; readonly code: string; readonly detail: string };

const EPISODES_A_MESSAGE = 20;

parentPort?.on('message', (job: ShardJob) => {
  let told = 0;
  const say = (message: WorkerMessage): void => parentPort?.postMessage(message);
  mapShard(job, (done) => {
    if (done - told < EPISODES_A_MESSAGE) return;
    say({ kind: 'progress', episodes: done - told });
    told = done;
  }).then(
    () => {
      say({ kind: 'progress', episodes: job.episodes.length - told });
      say({ kind: 'done', shard: job.shard });
    },
    (error: unknown) => {
      const [code, detail] =
        error instanceof ServiceError ? [error.code, error.detail] : ['ERR_INTERNAL', String(error)];
      say({ kind: 'fault', shard: job.shard, code, detail });
    },
  );
});
