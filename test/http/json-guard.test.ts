import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createJsonGuard } from '../../src/http/json-guard.js';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Runs the guard over `text` cut at `cuts`; the code of what it throws, or `passed`. */
function verdict(text: string, limits = { maxDepth: 5, maxValues: 20 }, size = Number.MAX_SAFE_INTEGER): string {
  const guard = createJsonGuard(limits);
  const bytes = Buffer.from(text);
  try {
    for (let start = 0; start < bytes.length; start += size) guard.check(bytes.subarray(start, start + size));
    return 'passed';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other';
  }
}

describe('the guard over JSON text', () => {
  it.each<[string, string, string]>([
    ['as deep as is allowed', nested(5), 'passed'],
    ['one deeper', nested(6), 'ERR_BODY_MALFORMED'],
    ['objects in objects, one too deep', '{"a":'.repeat(6), 'ERR_BODY_MALFORMED'],
    ['side by side is not deep', `[${Array.from({ length: 6 }, () => '[]').join(',')}]`, 'passed'],
    ['brackets in a string', `"${'['.repeat(50)}"`, 'passed'],
    ['brackets after an escaped quote', `"\\"${'['.repeat(50)}"`, 'passed'],
    ['brackets after an escaped backslash and the end of the string', `"\\\\"${'['.repeat(50)}`, 'ERR_BODY_MALFORMED'],
    ['commas in a string', `"${','.repeat(50)}"`, 'passed'],
    ['too many values', `[${'0,'.repeat(25)}0]`, 'ERR_BODY_TOO_LARGE'],
    ['too many empty arrays', `[${'[],'.repeat(15)}[]]`, 'ERR_BODY_TOO_LARGE'],
  ])('%s, in chunks of any size', (_, text, want) => {
    for (const size of [1, 2, 3, 7, 1000]) expect(verdict(text, undefined, size)).toBe(want);
  });

  it('refuses exactly the texts whose depth, as the parser sees it, is over the limit', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? 1 + Math.max(0, ...Object.values<unknown>({ ...value }).map(depthOf))
        : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 1, max: 9 }), (value, size) => {
        const text = JSON.stringify(value);
        const want = depthOf(value) > 5 ? 'ERR_BODY_MALFORMED' : 'passed';
        expect(verdict(text, { maxDepth: 5, maxValues: 1e6 }, size)).toBe(want);
      }),
      { numRuns: 300 },
    );
  });
});
