import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { configurationDocument } from '../../src/config/configuration-document.js';

const FILE = new URL('../../docs/configuration.md', import.meta.url);

it('docs/configuration.md says what the option table says', () => {
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, configurationDocument());
  expect(readFileSync(FILE, 'utf8')).toBe(configurationDocument());
});
