/** Runs what concerns one patient one after the other; what concerns others is not held up. */
export interface PatientTurns {
  /** The result of `run`, begun when earlier runs with this key have ended, or when they take too long. */
  inTurn<T>(key: string, run: () => Promise<T>): Promise<T>;
}

/**
 * Turns within this process. Of two orders of one patient that are signed at once, the second is decided when the first is
 * kept, so that it finds the first one's card. Replicas do not wait for each other. A run waits for at most `longestWaitMs`:
 * one that hangs must not silence the next.
 */
export function createPatientTurns({ longestWaitMs }: { readonly longestWaitMs: number }): PatientTurns {
  const last = new Map<string, Promise<void>>();
  return {
    async inTurn(key, run) {
      const before = last.get(key);
      const running = (before ? atMost(before, longestWaitMs) : Promise.resolve()).then(run);
      const ended = running.then(
        () => undefined,
        () => undefined,
      );
      last.set(key, ended);
      void ended.then(() => {
        if (last.get(key) === ended) last.delete(key);
      });
      return running;
    },
  };
}

async function atMost(wait: Promise<void>, longestMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, longestMs);
  });
  await Promise.race([wait, tooLong]);
  clearTimeout(timer);
}
