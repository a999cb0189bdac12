import { describe, expect, it } from '@jest/globals';
import { ALL_RULES } from '../../../src/kit/conformance/rules/all-rules.js';
import { CLIENT_FAULTS } from './broken-services/client-faults.js';
import { CONTENT_FAULTS } from './broken-services/content-faults.js';
import { PROTOCOL_FAULTS } from './broken-services/protocol-faults.js';
import { CORRECT } from './tiny-service.js';
import { reportOn, rulesThat, troubles } from './tiny-report.js';

describe('a correct service', () => {
  it('passes every rule', async () => {
    const report = await reportOn(CORRECT);
    expect(troubles(report)).toEqual([]);
    // Plain http is not judged on loopback; every other rule finds something to look at.
    expect(rulesThat('not-applicable', report)).toEqual(['https']);
  });

  it('that answers without a token is warned once; the rules about tokens are not applicable', async () => {
    const report = await reportOn(CORRECT, {}, { isOpen: true });
    expect(rulesThat('fail', report)).toEqual([]);
    expect(rulesThat('warn', report)).toEqual(['authentication']);
    const tokens = report.results.find(({ id }) => id === 'jwt-none');
    expect(tokens?.outcome).toBe('not-applicable');
    expect(tokens?.evidence.says).toMatch(/answers without a token/);
  });
});

describe('the suite', () => {
  it('has a broken service for every rule', () => {
    const told = new Set(
      [...PROTOCOL_FAULTS, ...CONTENT_FAULTS, ...CLIENT_FAULTS].flatMap(({ fails = [], warns = [] }) => [
        ...fails,
        ...warns,
      ]),
    );
    // The first cannot be broken on loopback, the second only by being slow; of the third see above.
    const elsewhere = ['https', 'response-time', 'authentication'];
    expect(ALL_RULES.map(({ id }) => id).filter((id) => !told.has(id))).toEqual(expect.arrayContaining(elsewhere));
    expect(ALL_RULES.map(({ id }) => id).filter((id) => !told.has(id))).toHaveLength(elsewhere.length);
  });
});
