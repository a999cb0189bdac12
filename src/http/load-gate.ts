import { performance } from 'node:perf_hooks';

export interface LoadGateLimits {
  /** Calls that may be under way at once. */
  readonly maxCalls: number;
  /** Calls that may wait for the processor while it is kept busy. */
  readonly maxWaitingCalls: number;
  readonly maxLoopDelayMs: number;
}

/** One admitted call. */
export interface Admission {
  /** Resolves when it is this call's turn to use the processor: one call a turn of the event loop. */
  turn(): Promise<void>;
  /** The call is over. May be called twice. */
  leave(): void;
}

export interface LoadGate {
  /** undefined: the service has more to do than it can, and the call is to be refused now. */
  admit(): Admission | undefined;
  readonly inHand: number;
  /** ms by which the event loop was late when last looked at. */
  readonly loopDelayMs: number;
  close(): void;
}

const TICK_MS = 20;
/** A queue that lasts this long is no burst any more. */
const STANDING_QUEUE_MS = 200;
/** How long shedding outlasts its last sign. */
const CALM_MS = 1_000;
/** A body that takes longer than this to arrive waits for its client, not for us. */
const SLOW_BODY_MS = 250;

type Stage = 'arriving' | 'ready' | 'started' | 'over';

/**
 * Decides which calls are taken. Calls that wait for a FHIR server cost little and may be many; calls that wait for the
 * processor cost each other, and beyond a few each one more only makes all of them late. So what is bounded, once the queue has
 * been standing for a while, is the number of calls that were admitted and have not had their turn.
 * @see docs/adr/0027-overload-and-limits.md
 */
export function createLoadGate({ maxCalls, maxWaitingCalls, maxLoopDelayMs }: LoadGateLimits): LoadGate {
  let inHand = 0;
  let waiting = 0;
  let shedsUntilMs = 0;
  let queueSinceMs: number | undefined;
  let loopDelayMs = 0;
  let expectedMs = performance.now() + TICK_MS;
  const ready: (() => void)[] = [];
  let isTurning = false;

  const tick = setInterval(() => {
    const nowMs = performance.now();
    loopDelayMs = Math.max(0, nowMs - expectedMs);
    expectedMs = nowMs + TICK_MS;
    if (queueSinceMs !== undefined && nowMs - queueSinceMs > STANDING_QUEUE_MS) shedsUntilMs = nowMs + CALM_MS;
  }, TICK_MS);
  tick.unref();

  const nextTurn = (): void => {
    ready.shift()?.();
    if (ready.length > 0) setImmediate(nextTurn);
    else {
      isTurning = false;
      queueSinceMs = undefined;
    }
  };
  const isFull = (): boolean => {
    const nowMs = performance.now();
    const mayWait = nowMs < shedsUntilMs ? maxWaitingCalls : maxCalls;
    const isOver = inHand >= maxCalls || waiting >= mayWait || loopDelayMs > maxLoopDelayMs;
    if (isOver) shedsUntilMs = nowMs + CALM_MS;
    return isOver;
  };
  const admitted = (): Admission => {
    let stage: Stage = 'arriving';
    inHand += 1;
    waiting += 1;
    let isCounted = true;
    const uncount = (): void => {
      if (isCounted) waiting -= 1;
      isCounted = false;
    };
    const slowBody = setTimeout(() => {
      if (stage === 'arriving') uncount();
    }, SLOW_BODY_MS);
    return {
      turn: () =>
        new Promise((resolve) => {
          clearTimeout(slowBody);
          stage = 'ready';
          ready.push(() => {
            if (stage === 'ready') stage = 'started';
            uncount();
            resolve();
          });
          if (isTurning) return;
          isTurning = true;
          queueSinceMs = performance.now();
          setImmediate(nextTurn);
        }),
      leave() {
        if (stage === 'over') return;
        stage = 'over';
        clearTimeout(slowBody);
        uncount();
        inHand -= 1;
      },
    };
  };
  return {
    admit: () => (isFull() ? undefined : admitted()),
    get inHand() {
      return inHand;
    },
    get loopDelayMs() {
      return loopDelayMs;
    },
    close: () => clearInterval(tick),
  };
}
