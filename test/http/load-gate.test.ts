import { afterEach, describe, expect, it } from '@jest/globals';
import { createLoadGate, type Admission, type LoadGate } from '../../src/http/load-gate.js';

let gate: LoadGate;
afterEach(() => gate.close());

function admit(): Admission {
  const admission = gate.admit();
  if (!admission) throw new Error('was refused');
  return admission;
}

/** Keeps the event loop from turning. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('the gate before the calls', () => {
  it('lets in as many as may be under way, and the next when one has left', () => {
    gate = createLoadGate({ maxCalls: 2, maxWaitingCalls: 2, maxLoopDelayMs: 60_000 });
    const [first] = [admit(), admit()];
    expect(gate.admit()).toBeUndefined();
    first.leave();
    first.leave();
    expect(gate.inHand).toBe(1);
    admit();
    expect(gate.admit()).toBeUndefined();
  });

  it('starts one call a turn of the event loop, in the order in which they came', async () => {
    gate = createLoadGate({ maxCalls: 9, maxWaitingCalls: 9, maxLoopDelayMs: 60_000 });
    let turns = 0;
    const countTurn = (): void => {
      turns += 1;
      immediate = setImmediate(countTurn);
    };
    let immediate = setImmediate(countTurn);
    const seen: [name: string, turn: number][] = [];
    const calls = ['a', 'b', 'c'].map(async (name) => {
      await admit().turn();
      seen.push([name, turns]);
    });
    await Promise.all(calls);
    clearImmediate(immediate);
    expect(seen.map(([name]) => name)).toEqual(['a', 'b', 'c']);
    expect(new Set(seen.map(([, turn]) => turn)).size).toBe(3);
  });

  it('takes a burst, but lets few wait once the processor has been kept busy', async () => {
    gate = createLoadGate({ maxCalls: 100, maxWaitingCalls: 2, maxLoopDelayMs: 60_000 });
    const burst = Array.from({ length: 20 }, admit);
    await Promise.all(
      burst.map(async (admission) => {
        await admission.turn();
        work(25);
        admission.leave();
      }),
    );
    expect([gate.admit(), gate.admit(), gate.admit()].filter((one) => one !== undefined)).toHaveLength(2);
  });

  it('lets calls that have had their turn be many: they wait for a FHIR server, not for the processor', async () => {
    gate = createLoadGate({ maxCalls: 100, maxWaitingCalls: 1, maxLoopDelayMs: 60_000 });
    const waitingForFhir = Array.from({ length: 50 }, admit);
    for (const admission of waitingForFhir) await admission.turn();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(gate.inHand).toBe(50);
    expect(gate.admit()).toBeDefined();
  });

  it('refuses while the event loop is late', async () => {
    gate = createLoadGate({ maxCalls: 100, maxWaitingCalls: 100, maxLoopDelayMs: 50 });
    await new Promise((resolve) => setTimeout(resolve, 60));
    work(200);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(gate.loopDelayMs).toBeGreaterThan(50);
    expect(gate.admit()).toBeUndefined();
  });

  it('a call that left before its turn holds nothing up', async () => {
    gate = createLoadGate({ maxCalls: 3, maxWaitingCalls: 3, maxLoopDelayMs: 60_000 });
    const gone = admit();
    gone.leave();
    await gone.turn();
    await admit().turn();
    expect(gate.inHand).toBe(1);
  });
});
