import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { OBSERVABLE_REQUIREMENTS } from '../../src/kit/conformance/observable-requirements.js';
import { citationsIn, citedRequirements, idsIn } from './cited-requirements.js';
import { conformanceDocument } from './conformance-document.js';
import { NOT_APPLICABLE } from './not-applicable.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FILE = new URL('../../docs/conformance.md', import.meta.url);

/** 1 to 79 and the invariants; the list of the kit has one row more, about a hook. */
const requirements = OBSERVABLE_REQUIREMENTS.filter(({ id }) => /^(\d+|cds-(r|resp|fb)-\d)$/.test(id));
/** The kit's tests are about how other services are asked; one of them asks this one. */
const citations = citedRequirements(ROOT).filter(
  ({ file }) => !file.startsWith('test/kit/') && !file.startsWith('test/conformance/conformance'),
);

describe('every requirement', () => {
  it('from 1 to 79 and every invariant is listed', () => {
    expect(requirements).toHaveLength(79 + 2 + 7 + 3);
  });

  it('has a test whose title names it, or a reason why it does not apply', () => {
    const cited = new Set(citations.flatMap(({ ids }) => ids));
    const bare = requirements.filter(({ id }) => !cited.has(id) && !(id in NOT_APPLICABLE));
    expect(bare.map(({ id, words }) => `${id} ${words}`)).toEqual([]);
  });

  it('that has a reason has no test: one of the two would be wrong', () => {
    const cited = new Set(citations.flatMap(({ ids }) => ids));
    expect(Object.keys(NOT_APPLICABLE).filter((id) => cited.has(id))).toEqual([]);
  });

  it('that a title names exists', () => {
    const known = new Set(requirements.map(({ id }) => id));
    const strange = citations.filter(({ ids }) => ids.some((id) => !known.has(id)));
    expect(strange).toEqual([]);
  });

  it('is in docs/conformance.md as the tests have it', () => {
    const document = conformanceDocument(requirements, citations);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, document);
    expect(readFileSync(FILE, 'utf8')).toBe(document);
  });
});

describe('a title', () => {
  it.each<[string, string[]]>([
    ['is ready (req. 5)', ['5']],
    ['is ready (req. 5, 34): at once', ['5', '34']],
    ['is ready (requirement 12)', ['12']],
    ['is ready (req. 7–9)', ['7', '8', '9']],
    ['is ready (cds-resp-1)', ['cds-resp-1']],
    ['is ready (req. 48, cds-resp-1)', ['48', 'cds-resp-1']],
    ['stops the start (drift; req. 9, 20)', ['9', '20']],
    ['is 7 (or 8) hours old', []],
    ['is required (sooner or later)', []],
  ])('%s cites what is in its parentheses', (title, ids) => {
    expect(idsIn(title)).toEqual(ids);
  });

  it('counts in a group, a test and the rows of a table, and nowhere else', () => {
    const source = [
      "describe('a (req. 1)', () => {",
      "  const text = 'b (req. 2)';",
      "  it.each([['c (req. 3)']])('%s', () => undefined); // (req. 4)",
      '});',
      "const elsewhere = 'd (req. 5)';",
    ].join('\n');
    expect(citationsIn('x.test.ts', source).map(({ title, ids }) => [title, ...ids])).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]);
  });
});
