/** How a base is spared, and we with it. */
export interface GateLimits {
  /** Calls to one base at a time; more wait for their turn. */
  readonly maxConcurrent: number;
  /** Calls that may wait; more are refused at once. */
  readonly maxWaiting: number;
  /** Failures in a row (no connection, no answer in time, 5xx) after which a base is left alone. */
  readonly failuresToOpen: number;
  /** For so long; then one call tries. */
  readonly openMs: number;
}

export const DEFAULT_GATE_LIMITS: GateLimits = {
  maxConcurrent: 24,
  maxWaiting: 500,
  // One order asks nine queries at once; more than one order has to fail.
  failuresToOpen: 10,
  openMs: 10_000,
};

/** What became of a call: `answered` also for 4xx, since the server is there. `unsent`: it says nothing of the server. */
export type CallOutcome = 'answered' | 'failed' | 'unsent';

/** A turn to make one call; `end` is called once. */
export type Turn =
  | { readonly kind: 'go'; readonly end: (outcome: CallOutcome, waitMs?: number) => void }
  /** `paused`: the server asked to wait. `open`: it has failed and is left alone. `full`: too many wait already. */
  | { readonly kind: 'no'; readonly why: 'paused' | 'open' | 'full' | 'cut' };

export interface BaseGate {
  /** A turn for one call, waited for until `signal` is cut. Never throws. */
  readonly enter: (signal: AbortSignal) => Promise<Turn>;
}

/**
 * Lets calls to one base through: so many at a time, none while the server asked to wait (`Retry-After`) or has failed many
 * times in a row. After `openMs` one call tries; those that come meanwhile wait for what it finds.
 */
export function createBaseGate(clock: () => number, limits: GateLimits): BaseGate {
  let running = 0;
  const waiting: (() => void)[] = [];
  let pausedUntilMs = -Infinity;
  let failures = 0;
  let openUntilMs: number | undefined;
  let probe: Promise<void> | undefined;

  const refusal = (): Turn | undefined => {
    if (clock() < pausedUntilMs) return { kind: 'no', why: 'paused' };
    return openUntilMs !== undefined && clock() < openUntilMs ? { kind: 'no', why: 'open' } : undefined;
  };
  const record = (outcome: CallOutcome, waitMs: number | undefined): void => {
    if (waitMs !== undefined) pausedUntilMs = Math.max(pausedUntilMs, clock() + waitMs);
    if (outcome === 'answered') {
      failures = 0;
      openUntilMs = undefined;
    } else if (outcome === 'failed') {
      failures += 1;
      if (failures >= limits.failuresToOpen) openUntilMs = clock() + limits.openMs;
    }
  };
  const leave = (): void => {
    running -= 1;
    waiting.shift()?.();
  };
  const start = (ended: () => void = () => undefined): Turn => {
    running += 1;
    let isOver = false;
    return {
      kind: 'go',
      end: (outcome, waitMs) => {
        if (isOver) return;
        isOver = true;
        record(outcome, waitMs);
        ended();
        leave();
      },
    };
  };
  const startProbe = (): Turn => {
    let ended: () => void = () => undefined;
    probe = new Promise((resolve) => {
      ended = () => {
        probe = undefined;
        resolve();
      };
    });
    return start(ended);
  };

  const enter = async (signal: AbortSignal): Promise<Turn> => {
    for (;;) {
      if (signal.aborted) return { kind: 'no', why: 'cut' };
      const refused = refusal();
      if (refused) {
        // What waits is refused too, and need not wait to hear it.
        for (const callUp of waiting.splice(0)) callUp();
        return refused;
      }
      if (openUntilMs !== undefined) {
        if (!probe) return startProbe();
        await untilCut(probe, signal);
      } else if (running < limits.maxConcurrent) {
        return start();
      } else {
        if (waiting.length >= limits.maxWaiting) return { kind: 'no', why: 'full' };
        await turnIn(waiting, signal);
      }
    }
  };
  return { enter };
}

async function untilCut(event: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop: () => void = () => undefined;
  const cut = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  await Promise.race([event, cut]);
  signal.removeEventListener('abort', stop);
}

/** Waits in the queue until called up, or leaves it when cut. */
async function turnIn(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  let calledUp: () => void = () => undefined;
  const turn = new Promise<void>((resolve) => {
    calledUp = resolve;
    waiting.push(calledUp);
  });
  await untilCut(turn, signal);
  const place = waiting.indexOf(calledUp);
  if (place >= 0) waiting.splice(place, 1);
  // Called up and cut at once: the turn goes to the next.
  else if (signal.aborted) waiting.shift()?.();
}
