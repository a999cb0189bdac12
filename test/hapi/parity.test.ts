import { expect, test } from '@jest/globals';
import { hapiBase } from './support/hapi.js';
test('HAPI says what it is', async () => {
  const answer = await fetch(`${hapiBase()}/metadata`);
  expect(answer.status).toBe(200);
});
