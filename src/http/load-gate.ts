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
/** A body that takes longer than this to arrive, while the loop has time to spare, waits for its client. */
const SLOW_BODY_MS = 250;
/** A call that is not over after this time, while the loop has time to spare, waits for a FHIR server. */
const AT_WORK_MS = 100;
/** Share of its time in which the loop is at work, above which it has none to spare. */
const SATURATED = 0.9;
/** Weight of the newest value in a mean. */
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
  /** Mean time that the loop is at work for one call. */
  let callCostMs = 0;

  const tick = setInterval(() => {
    const nowMs = performance.now();
    loopDelayMs = Math.max(0, nowMs - expectedMs);
    expectedMs = nowMs + TICK_MS;
    if (queueSinceMs !== undefined && nowMs - queueSinceMs > STANDING_QUEUE_MS) shedsUntilMs = nowMs + CALM_MS;
  }, TICK_MS);
  tick.unref();

  const nextTurn = (): void => {
    const start = ready.shift();
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
    const isLong = nowMs < shedsUntilMs || wanting * callCostMs > BURST_WAIT_MS;
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
    const stopCountingAfter = (ms: number): NodeJS.Timeout => {
      const since = performance.eventLoopUtilization();
      return setTimeout(() => {
        if (performance.eventLoopUtilization(since).utilization > SATURATED) stopCounting = stopCountingAfter(ms);
        else count(false);
      }, ms).unref();
    };
    let stopCounting = stopCountingAfter(SLOW_BODY_MS);
    let startedAtWork: number | undefined;
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
            startedAtWork = performance.eventLoopUtilization().active;
            if (!isOver) stopCounting = stopCountingAfter(AT_WORK_MS);
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
        if (startedAtWork !== undefined) {
          const atWorkMs = performance.eventLoopUtilization().active - startedAtWork;
          callCostMs += NEWEST * (atWorkMs / inHand - callCostMs);
        }
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
