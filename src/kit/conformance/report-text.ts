import type { ConformanceReport, RuleResult } from './conformance-report.js';
import { shorten } from './evidence.js';
import { isObservable } from './requirement.js';
import { OBSERVABLE_REQUIREMENTS } from './observable-requirements.js';

const MARKS = { pass: 'pass', fail: 'FAIL', warn: 'warn', 'not-applicable': 'n/a' } as const;
const EVIDENCE_WIDTH = 110;
const REQUIREMENT_WIDTH = 14;

/** The report as a table for a terminal, the exchanges of failures after it. */
export function reportText({ service, message, results, totals }: ConformanceReport): string {
  const width = Math.max(...results.map(({ id }) => id.length), 4);
  const lines = results.flatMap((result, at) => {
    const isFirst = results[at - 1]?.section !== result.section;
    return [...(isFirst ? ['', result.section] : []), row(result, width)];
  });
  return [
    `${service.url}${service.id === undefined ? '' : `, service ${service.id}`}`,
    ...(message === undefined ? [] : [`! ${message}`]),
    ...lines,
    ...results.filter(({ outcome }) => outcome === 'fail').flatMap(shown),
    '',
    `${totals.pass} pass, ${totals.fail} fail, ${totals.warn} warn, ${totals['not-applicable']} not applicable`,
    coverageText(),
  ].join('\n');
}

function row({ requirements, id, outcome, evidence }: RuleResult, width: number): string {
  const numbers = shorten(requirements.join(' '), REQUIREMENT_WIDTH).padEnd(REQUIREMENT_WIDTH);
  const says = shorten(evidence.says.replaceAll('\n', ' '), EVIDENCE_WIDTH);
  return `  ${numbers} ${id.padEnd(width)} ${MARKS[outcome]}  ${says}`;
}

function shown({ id, requirements, title, evidence }: RuleResult): readonly string[] {
  const { says, request, response } = evidence;
  const exchange = [request, response].filter((text) => text !== undefined).flatMap((text) => text.split('\n'));
  return [
    '',
    `FAIL ${id} (req. ${requirements.join(', ')}): ${title}`,
    `  ${says}`,
    ...exchange.map((line) => `    ${line}`),
  ];
}

/** How many of the requirements can be seen from outside. */
export function coverageText(): string {
  const seen = OBSERVABLE_REQUIREMENTS.filter(isObservable).length;
  const { length } = OBSERVABLE_REQUIREMENTS;
  return `${length} requirements, ${seen} observable from outside, all of those covered`;
}
