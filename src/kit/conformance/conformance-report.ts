import type { Outcome, Rule } from './rule.js';
import type { Evidence } from './evidence.js';

/** What came of one rule. */
export interface RuleResult extends Pick<Rule, 'id' | 'section' | 'requirements' | 'level' | 'source' | 'title'> {
  readonly outcome: Outcome;
  readonly evidence: Evidence;
}

export interface ConformanceReport {
  readonly service: { readonly url: string; readonly id?: string };
  /** Why no call could be made, and what to do; not there where calls were made. */
  readonly message?: string;
  readonly results: readonly RuleResult[];
  readonly totals: Readonly<Record<Outcome, number>>;
}

export function totalsOf(results: readonly Pick<RuleResult, 'outcome'>[]): ConformanceReport['totals'] {
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  return {
    pass: count('pass'),
    fail: count('fail'),
    warn: count('warn'),
    'not-applicable': count('not-applicable'),
  };
}
