import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ServiceError } from '../../errors/service-error.js';
import type { EncoderAnswer, EncoderJob, EncoderWorkerData } from './encoder-worker.js';

/** Threads that run one encoder, each one job at a time. */
export interface EncoderPool {
  /** Rejects with ERR_MODEL_BUNDLE when the encoder fails on this text or its thread ends; the next job gets a new thread. */
  run(job: EncoderJob): Promise<Exclude<EncoderAnswer, { kind: 'fault' }>>;
  close(): Promise<void>;
}

interface Task {
  readonly job: EncoderJob;
  readonly resolve: (answer: Exclude<EncoderAnswer, { kind: 'fault' }>) => void;
  readonly reject: (error: ServiceError) => void;
}

interface Thread {
  readonly worker: Worker;
  task: Task | undefined;
}

/** About ten minutes of work for one thread: more than that is a flood, and cards are answered without notes. */
const MOST_WAITING = 10_000;

/** Threads start when there is work for them, and keep the process alive only while they have some. */
export function encoderPool(data: EncoderWorkerData, threads: number): EncoderPool {
  const quick: Task[] = [];
  const embedding: Task[] = [];
  const running = new Set<Thread>();
  let isClosed = false;

  const next = (): void => {
    while (quick.length + embedding.length > 0 && !isClosed) {
      const idle =
        [...running].find(({ task }) => task === undefined) ?? (running.size < threads ? start() : undefined);
      if (!idle) return;
      const task = quick.shift() ?? embedding.shift();
      if (!task) return;
      idle.task = task;
      idle.worker.ref();
      idle.worker.postMessage(task.job);
    }
  };

  const start = (): Thread => {
    const thread: Thread = { worker: new Worker(workerScript(), { workerData: data }), task: undefined };
    running.add(thread);
    thread.worker.unref();
    const end = (why: string, cause?: unknown): void => {
      if (!running.delete(thread)) return;
      thread.task?.reject(fault(why, cause));
      next();
    };
    thread.worker.on('message', (answer: EncoderAnswer) => {
      const { task } = thread;
      thread.task = undefined;
      thread.worker.unref();
      if (answer.kind === 'fault') task?.reject(fault(`${answer.what} (${answer.name})`));
      else task?.resolve(answer);
      next();
    });
    thread.worker.on('error', (cause) => {
      end('its thread failed', cause);
    });
    thread.worker.on('exit', () => {
      end('its thread ended');
    });
    return thread;
  };

  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        if (isClosed) {
          reject(fault('it is closed'));
          return;
        }
        if (embedding.length >= MOST_WAITING) {
          reject(fault('too many texts are waiting'));
          return;
        }
        // Cutting takes a millisecond and tells what must be embedded: it does not wait behind embedding.
        (job.kind === 'embed' ? embedding : quick).push({ job, resolve, reject });
        next();
      }),
    close: async () => {
      isClosed = true;
      const threadsLeft = [...running];
      for (const { reject } of [...quick.splice(0), ...embedding.splice(0)]) reject(fault('it is closed'));
      await Promise.all(threadsLeft.map(({ worker }) => worker.terminate()));
    },
  };
}

function fault(why: string, cause?: unknown): ServiceError {
  return new ServiceError('ERR_MODEL_BUNDLE', { detail: `note encoder: ${why}`, cause });
}

/** The built script: a thread cannot run TypeScript, so where the sources run, it is taken from `dist`. */
function workerScript(): URL {
  const beside = new URL('./encoder-worker.js', import.meta.url);
  if (existsSync(fileURLToPath(beside))) return beside;
  return new URL('../../../dist/ensemble/note-encoder/encoder-worker.js', import.meta.url);
}
