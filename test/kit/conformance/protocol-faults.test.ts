import { describe, it } from '@jest/globals';
import { PROTOCOL_FAULTS } from './broken-services/protocol-faults.js';
import { expectOwnRules } from './tiny-report.js';

describe('transport, discovery, prefetch, FHIR access: a broken service is told of by its own rule and no other:', () => {
  it.each(PROTOCOL_FAULTS.map((broken) => [broken.fault, broken] as const))('%s', async (_, broken) => {
    await expectOwnRules(broken, { isOpen: true });
  });
});
