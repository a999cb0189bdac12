import { describe, expect, test } from '@jest/globals';
import { createBaseGate, type BaseGate, type GateLimits, type Turn } from '../../../src/fhir/bases/base-gate.js';
import { askedWaitMs } from '../../../src/fhir/bases/retry-after.js';

const LIMITS: GateLimits = { maxConcurrent: 2, maxWaiting: 2, failuresToOpen: 3, openMs: 1_000 };
const never = new AbortController().signal;

function gateAt(limits: Partial<GateLimits> = {}): { readonly gate: BaseGate; readonly time: { ms: number } } {
  const time = { ms: 0 };
  return { gate: createBaseGate(() => time.ms, { ...LIMITS, ...limits }), time };
}

async function go(gate: BaseGate, signal: AbortSignal = never): Promise<Extract<Turn, { kind: 'go' }>> {
  const turn = await gate.enter(signal);
  if (turn.kind !== 'go') throw new Error(`not let through: ${turn.why}`);
  return turn;
}

async function fail(gate: BaseGate, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) (await go(gate)).end('failed');
}

describe('so many calls at a time', () => {
  test('the next one waits for its turn, in order', async () => {
    const { gate } = gateAt();
    const first = await go(gate);
    await go(gate);
    const order: string[] = [];
    const third = gate.enter(never).then((turn) => (order.push('third'), turn));
    const fourth = gate.enter(never).then((turn) => (order.push('fourth'), turn));
    expect(await gate.enter(never)).toEqual({ kind: 'no', why: 'full' });
    first.end('answered');
    const turn = await third;
    expect(order).toEqual(['third']);
    if (turn.kind === 'go') turn.end('answered');
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
  });

  test('one that is cut leaves the queue, and its place is not lost', async () => {
    const { gate } = gateAt();
    const first = await go(gate);
    await go(gate);
    const cut = new AbortController();
    const third = gate.enter(cut.signal);
    const fourth = gate.enter(never);
    cut.abort();
    expect(await third).toEqual({ kind: 'no', why: 'cut' });
    first.end('answered');
    expect((await fourth).kind).toBe('go');
  });

  test('a call that ends twice frees one place only', async () => {
    const { gate } = gateAt({ maxConcurrent: 1, maxWaiting: 0 });
    const first = await go(gate);
    first.end('answered');
    first.end('answered');
    await go(gate);
    expect(await gate.enter(never)).toMatchObject({ kind: 'no' });
  });
});

describe('a server that asks to wait', () => {
  test('is not called before the time has passed, and what waits is told at once', async () => {
    const { gate, time } = gateAt();
    const first = await go(gate);
    await go(gate);
    const waiting = [gate.enter(never), gate.enter(never)];
    first.end('answered', 5_000);
    expect(await Promise.all(waiting)).toEqual([
      { kind: 'no', why: 'paused' },
      { kind: 'no', why: 'paused' },
    ]);
    time.ms = 4_999;
    expect(await gate.enter(never)).toEqual({ kind: 'no', why: 'paused' });
    time.ms = 5_000;
    expect((await gate.enter(never)).kind).toBe('go');
  });

  const [wallClockMs, longestMs] = [Date.UTC(2031, 4, 10, 12), 60_000];
  test.each<[number, string | undefined, number | undefined]>([
    [429, '7', 7_000],
    [429, undefined, 1_000],
    [429, 'soon', 1_000],
    [429, '-5', 1_000],
    [429, '999999999', 60_000],
    [429, '99999999999999999999', 1_000],
    [503, '7', 7_000],
    [503, '0', 0],
    [503, 'Sat, 10 May 2031 12:00:30 GMT', 30_000],
    [503, 'Sat, 10 May 2031 11:00:00 GMT', 0],
    [503, 'Sat, 10 May 2036 12:00:00 GMT', 60_000],
    [503, undefined, undefined],
    [500, '7', undefined],
    [200, '7', undefined],
  ])('%d with Retry-After %s: %s ms', (status, retryAfter, expected) => {
    expect(askedWaitMs(status, retryAfter, { wallClockMs, longestMs })).toBe(expected);
  });
});

describe('a server that fails', () => {
  test('is left alone after so many failures in a row; one answer in between starts the count anew', async () => {
    const { gate } = gateAt();
    await fail(gate, 2);
    (await go(gate)).end('answered');
    await fail(gate, 2);
    (await go(gate)).end('unsent');
    await fail(gate, 1);
    expect(await gate.enter(never)).toEqual({ kind: 'no', why: 'open' });
  });

  test('then one call tries, the others wait for what it finds: all go on when it is answered', async () => {
    const { gate, time } = gateAt();
    await fail(gate, 3);
    time.ms = 1_000;
    const probe = await go(gate);
    const other = gate.enter(never);
    probe.end('answered');
    expect((await other).kind).toBe('go');
    expect((await gate.enter(never)).kind).toBe('go');
  });

  test('and are refused when it fails again', async () => {
    const { gate, time } = gateAt();
    await fail(gate, 3);
    time.ms = 1_000;
    const probe = await go(gate);
    const other = gate.enter(never);
    probe.end('failed');
    expect(await other).toEqual({ kind: 'no', why: 'open' });
    time.ms = 1_999;
    expect(await gate.enter(never)).toEqual({ kind: 'no', why: 'open' });
    time.ms = 2_000;
    expect((await gate.enter(never)).kind).toBe('go');
  });

  test('a trial that was cut before it could tell leaves the next one to try', async () => {
    const { gate, time } = gateAt();
    await fail(gate, 3);
    time.ms = 1_000;
    const probe = await go(gate);
    const cut = new AbortController();
    const waiting = gate.enter(cut.signal);
    cut.abort();
    expect(await waiting).toEqual({ kind: 'no', why: 'cut' });
    probe.end('unsent');
    expect((await gate.enter(never)).kind).toBe('go');
  });
});
