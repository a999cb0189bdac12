import { expect, test } from '@jest/globals';
import { createPatientTurns } from '../../src/assessment/patient-turns.js';

const MINUTE_MS = 60_000;

/** A promise that is resolved from outside. */
function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('what concerns one patient runs one after the other, in the order it came; others are not held up', async () => {
  const turns = createPatientTurns({ longestWaitMs: MINUTE_MS });
  const steps: string[] = [];
  const first = latch();
  const step =
    (name: string, until = Promise.resolve()) =>
    async () => {
      steps.push(`${name} begins`);
      await until;
      steps.push(`${name} ends`);
      return name;
    };
  const results = [
    turns.inTurn('p1', step('a', first.opened)),
    turns.inTurn('p1', step('b')),
    turns.inTurn('p1', step('c')),
  ];
  await turns.inTurn('p2', step('other'));
  expect(steps).toEqual(['a begins', 'other begins', 'other ends']);
  first.open();
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
  expect(steps.slice(3)).toEqual(['a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('fault: a turn that fails passes its fault on and lets the next one begin', async () => {
  const turns = createPatientTurns({ longestWaitMs: MINUTE_MS });
  const failing = turns.inTurn('p1', () => Promise.reject(new Error('down')));
  const next = turns.inTurn('p1', () => Promise.resolve('answered'));
  await expect(failing).rejects.toThrow('down');
  expect(await next).toBe('answered');
});

test('fault: a turn that hangs does not silence the next one', async () => {
  const turns = createPatientTurns({ longestWaitMs: 10 });
  const hung = latch();
  const hanging = turns.inTurn('p1', () => hung.opened);
  expect(await turns.inTurn('p1', () => Promise.resolve('answered'))).toBe('answered');
  hung.open();
  await hanging;
});
