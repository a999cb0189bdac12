import { describe, it } from '@jest/globals';
import { CLIENT_FAULTS } from './broken-services/client-faults.js';
import { expectOwnRules } from './tiny-report.js';

describe('feedback, tokens, CORS: a broken service is told of by its own rule and no other:', () => {
  it.each(CLIENT_FAULTS.map((broken) => [broken.fault, broken] as const))('%s', async (_, broken) => {
    await expectOwnRules(broken);
  });
});
