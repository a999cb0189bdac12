/** The time all FHIR calls of one assembly share. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Stops the clock; calls still running are cut. */
  readonly end: () => void;
}

export function startDeadline(deadlineMs: number): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), deadlineMs);
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      controller.abort();
    },
  };
}

/**
 * What `run` gives, or `late` when `signal` is cut or `timeoutMs` have passed first; `run` gets a signal that is cut at
 * the same moment, and its outcome is not waited for.
 */
export async function withTimeout<T, L>(
  signal: AbortSignal,
  timeoutMs: number,
  late: L,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | L> {
  if (signal.aborted) return late;
  const call = new AbortController();
  const stop = (): void => call.abort();
  const timer = setTimeout(stop, timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  const cut = new Promise<L>((resolve) => {
    call.signal.addEventListener('abort', () => resolve(late), { once: true });
  });
  try {
    return await Promise.race([
      run(call.signal).catch((error: unknown) => (call.signal.aborted ? late : rethrow(error))),
      cut,
    ]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

function rethrow(error: unknown): never {
  throw error;
}
