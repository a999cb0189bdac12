import { Worker } from 'node:worker_threads';
import { ERROR_CODES, type ErrorCode } from '../../errors/error-codes.js';
import { ServiceError } from '../../errors/service-error.js';
import { mapShard, type ShardJob } from './map-shard.js';
import type { WorkerMessage } from './shard-worker.js';

/**
 * Maps the jobs in worker threads, each taking the next when it is free; with 0 workers in this thread. The first fault ends
 * all. `onEpisodes` is told how many more are done.
 */
export async function mapShards(
  jobs: readonly ShardJob[],
  workers: number,
  onEpisodes: (more: number) => void,
): Promise<void> {
  const waiting = [...jobs];
  if (workers === 0) {
    for (const job of waiting) {
      await mapShard(job);
      onEpisodes(job.episodes.length);
    }
    return;
  }
  const threads = Array.from({ length: Math.min(workers, jobs.length) }, () => new Worker(WORKER));
  try {
    await Promise.all(threads.map((thread) => serve(thread, waiting, onEpisodes)));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

const WORKER = new URL('./shard-worker.js', import.meta.url);

function serve(thread: Worker, waiting: ShardJob[], onEpisodes: (more: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const job = waiting.shift();
      if (job) thread.postMessage(job);
      else resolve();
    };
    thread.on('message', (message: WorkerMessage) => {
      switch (message.kind) {
        case 'progress':
          onEpisodes(message.episodes);
          return;
        case 'done':
          next();
          return;
        case 'fault':
          waiting.length = 0;
          reject(new ServiceError(codeOf(message.code), { detail: message.detail }));
      }
    });
    thread.on('error', reject);
    thread.on('exit', (code) => {
      reject(new ServiceError('ERR_INTERNAL', { detail: `a mapping thread ended with code ${code}` }));
    });
    next();
  });
}

function codeOf(text: string): ErrorCode {
  return Object.keys(ERROR_CODES).find((code): code is ErrorCode => code === text) ?? 'ERR_INTERNAL';
}
