import { performance } from 'node:perf_hooks';

export interface LoadGateLimits {
  /** Calls that may be under way at once. */
  readonly maxCalls: number;
  /** Calls that may want the processor at once while it is kept busy. */
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
/** A burst may make the last of it wait this long. */
const BURST_WAIT_MS = 250;
/** A body that takes longer than this to arrive waits for its client, not for us; longer while the loop is busy. */
const SLOW_BODY_MS = 250;
const SLOW_BODY_WHEN_BUSY_MS = 2_000;
/** A call that is not over after this time, or after this many turns if that is longer, waits for a FHIR server. */
const AT_WORK_MS = 100;
const AT_WORK_TURNS = 10;
/** Weight of the newest turn in the mean. */
const NEWEST = 0.2;

/**
 * Decides which calls are taken. Calls that wait for a FHIR server cost little and may be many; calls that want the processor
 * cost each other, and beyond a few each one more only makes all of them late. So once a queue has been standing for a while,
 * what is bounded is the number of calls that want the processor: those that came a short while ago, still arriving, waiting or
 * at work. One that has been under way for much longer than the work of a call takes is waiting for somebody else.
 * @see docs/adr/0027-overload-and-limits.md
 */
export function createLoadGate({ maxCalls, maxWaitingCalls, maxLoopDelayMs }: LoadGateLimits): LoadGate {
  let inHand = 0;
  let wanting = 0;
  let shedsUntilMs = 0;
  let queueSinceMs: number | undefined;
  let loopDelayMs = 0;
  let expectedMs = performance.now() + TICK_MS;
  const ready: (() => void)[] = [];
  let isTurning = false;
  let turnStartMs: number | undefined;
  let meanTurnMs = 0;

  const tick = setInterval(() => {
    const nowMs = performance.now();
    loopDelayMs = Math.max(0, nowMs - expectedMs);
    expectedMs = nowMs + TICK_MS;
    if (queueSinceMs !== undefined && nowMs - queueSinceMs > STANDING_QUEUE_MS) shedsUntilMs = nowMs + CALM_MS;
  }, TICK_MS);
  tick.unref();

  const nextTurn = (): void => {
    const nowMs = performance.now();
    if (turnStartMs !== undefined) meanTurnMs += NEWEST * (nowMs - turnStartMs - meanTurnMs);
    const start = ready.shift();
    turnStartMs = start ? nowMs : undefined;
    isTurning = start !== undefined;
    if (!start) {
      queueSinceMs = undefined;
      return;
    }
    setImmediate(nextTurn);
    start();
  };
  const isFull = (): boolean => {
    const nowMs = performance.now();
    const isLong = nowMs < shedsUntilMs || wanting * meanTurnMs > BURST_WAIT_MS;
    const isOver = inHand >= maxCalls || (isLong && wanting >= maxWaitingCalls) || loopDelayMs > maxLoopDelayMs;
    if (isOver) shedsUntilMs = nowMs + CALM_MS;
    return isOver;
  };
  const admitted = (): Admission => {
    let isOver = false;
    inHand += 1;
    wanting += 1;
    let isCounted = true;
    const count = (wants: boolean): void => {
      if (wants !== isCounted) wanting += wants ? 1 : -1;
      isCounted = wants;
    };
    const stopCountingAfter = (ms: number): NodeJS.Timeout => setTimeout(() => count(false), ms).unref();
    const isBodySlow = (): void => {
      if (performance.now() < shedsUntilMs || isTurning) stopCounting = stopCountingAfter(SLOW_BODY_WHEN_BUSY_MS);
      else count(false);
    };
    let stopCounting = setTimeout(isBodySlow, SLOW_BODY_MS).unref();
    return {
      turn: () =>
        new Promise((resolve) => {
          clearTimeout(stopCounting);
          if (isOver) {
            resolve();
            return;
          }
          count(true);
          ready.push(() => {
            if (!isOver) stopCounting = stopCountingAfter(Math.max(AT_WORK_MS, AT_WORK_TURNS * meanTurnMs));
            resolve();
          });
          if (isTurning) return;
          isTurning = true;
          queueSinceMs = performance.now();
          setImmediate(nextTurn);
        }),
      leave() {
        if (isOver) return;
        isOver = true;
        clearTimeout(stopCounting);
        count(false);
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
