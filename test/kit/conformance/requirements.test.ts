import { describe, expect, it } from '@jest/globals';
import { OBSERVABLE_REQUIREMENTS } from '../../../src/kit/conformance/observable-requirements.js';
import { isObservable } from '../../../src/kit/conformance/requirement.js';
import { ALL_RULES } from '../../../src/kit/conformance/rules/all-rules.js';

const INVARIANTS = [
  ...['cds-r-1', 'cds-r-2'],
  ...[1, 2, 3, 4, 5, 6, 7].map((number) => `cds-resp-${number}`),
  ...[1, 2, 3].map((number) => `cds-fb-${number}`),
];

describe('the list of requirements', () => {
  it('holds the requirements 1 to 79, the hook and every machine-readable invariant, each once', () => {
    const numbers = Array.from({ length: 79 }, (_, at) => String(at + 1));
    const ids = OBSERVABLE_REQUIREMENTS.map(({ id }) => id);
    expect([...ids].sort()).toEqual([...numbers, 'order-sign-1.1', ...INVARIANTS].sort());
  });

  it('has a rule for every requirement that can be seen, and a reason for every other', () => {
    for (const requirement of OBSERVABLE_REQUIREMENTS) {
      if (isObservable(requirement))
        expect([requirement.id, requirement.rules.length > 0]).toEqual([requirement.id, true]);
      else expect(requirement.notObservable.length).toBeGreaterThan(10);
    }
  });

  it('names for each requirement exactly the rules that name it', () => {
    const byList = OBSERVABLE_REQUIREMENTS.flatMap((one) =>
      isObservable(one) ? one.rules.map((rule) => `${one.id} ${rule}`) : [],
    );
    const byRules = ALL_RULES.flatMap(({ id, requirements }) => requirements.map((one) => `${one} ${id}`));
    expect([...byList].sort()).toEqual([...byRules].sort());
  });

  it('leaves no rule without a requirement, and no two rules with one id', () => {
    expect(ALL_RULES.filter(({ requirements }) => requirements.length === 0)).toEqual([]);
    expect(new Set(ALL_RULES.map(({ id }) => id)).size).toBe(ALL_RULES.length);
  });
});
