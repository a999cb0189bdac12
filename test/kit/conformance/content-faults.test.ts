import { describe, it } from '@jest/globals';
import { CONTENT_FAULTS } from './broken-services/content-faults.js';
import { expectOwnRules } from './tiny-report.js';

describe('responses and cards: a broken service is told of by its own rule and no other:', () => {
  it.each(CONTENT_FAULTS.map((broken) => [broken.fault, broken] as const))('%s', async (_, broken) => {
    await expectOwnRules(broken, { isOpen: true });
  });
});
