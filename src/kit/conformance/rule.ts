import { evidenceOf, type Evidence } from './evidence.js';
import type { Exchange } from './exchange.js';
import type { Probe } from './probe.js';
import type { Level, Source } from './requirement.js';

export type Outcome = 'pass' | 'fail' | 'warn' | 'not-applicable';

export interface Finding {
  readonly outcome: Outcome;
  readonly evidence: Evidence;
}

/**
 * What must be so before a rule can be asked; where it is not, the rule is not applicable and says why.
 *
 * - `discovery`: nothing
 * - `service`: the id of an order-sign service is known
 * - `call`: its standard call is answered with 200
 * - `fhir`: as `call`, and the service can reach the suite's FHIR server
 * - `templates`: as `call`, and the service publishes prefetch templates
 * - `templates-and-fhir`: both
 * - `jwt`: as `call`, and the service insists on a token that the suite can sign
 * - `feedback`: as `service`, and the service takes feedback
 */
export type Need = 'discovery' | 'service' | 'call' | 'fhir' | 'templates' | 'templates-and-fhir' | 'jwt' | 'feedback';

export const SECTIONS = [
  'transport and JSON',
  'discovery',
  'calling',
  'prefetch',
  'FHIR access',
  'response',
  'card',
  'suggestion',
  'link',
  'feedback',
  'security',
  'CORS',
  'extensions',
] as const;

export interface Rule {
  /** `prefetch-null`: stable, used in reports and in `observable-requirements.ts`. */
  readonly id: string;
  readonly section: (typeof SECTIONS)[number];
  /** Ids of `observable-requirements.ts`. */
  readonly requirements: readonly string[];
  /** A breach of a SHOULD or MAY is a warning, whatever `check` says. */
  readonly level: Level;
  readonly source: Source;
  /** A fact about a conformant service. */
  readonly title: string;
  readonly needs: Need;
  /** Looks at what all other rules were answered, so it comes after them. */
  readonly isReview?: boolean;
  readonly check: (probe: Probe) => Finding | Promise<Finding>;
}

/** The parts that rules of one section share. */
export type RuleDefaults = Pick<Rule, 'section' | 'needs'> & Partial<Pick<Rule, 'level' | 'source' | 'isReview'>>;

type RuleText = Omit<Rule, keyof RuleDefaults> & Partial<RuleDefaults>;

/** Rules of one section: MUST of 2.0.1 unless a rule says otherwise. */
export function rulesOf(defaults: RuleDefaults, rules: readonly RuleText[]): readonly Rule[] {
  return rules.map((rule) => ({ level: 'MUST', source: '2.0.1', ...defaults, ...rule }));
}

export function pass(says: string, exchange?: Exchange, part?: unknown): Finding {
  return { outcome: 'pass', evidence: evidenceOf(says, exchange, part) };
}

export function fail(says: string, exchange?: Exchange, part?: unknown): Finding {
  return { outcome: 'fail', evidence: evidenceOf(says, exchange, part) };
}

export function warn(says: string, exchange?: Exchange, part?: unknown): Finding {
  return { outcome: 'warn', evidence: evidenceOf(says, exchange, part) };
}

export function notApplicable(says: string, exchange?: Exchange): Finding {
  return { outcome: 'not-applicable', evidence: evidenceOf(says, exchange) };
}
