import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { CONFIG_OPTIONS } from '../../src/config/config-options.js';
import { FHIR_OPTIONS } from '../../src/config/options/fhir.js';
import { ERROR_CODES } from '../../src/errors/error-codes.js';
import { DEFAULT_GATE_LIMITS } from '../../src/fhir/bases/base-gate.js';
import { FHIR_HINTS } from '../../src/fhir/required-sources.js';

const GUIDE = readFileSync('docs/guides/fhir-server-trust.md', 'utf8');

test('the guide has every word of advice a refusal may carry, and every option of the FHIR server but those of no server', () => {
  const beginnings = Object.values(FHIR_HINTS).map((hint) => hint.split(/[:(]| and | of them/)[0] ?? '');
  expect(beginnings.filter((beginning) => !GUIDE.includes(beginning.trim()))).toEqual([]);
  const unsaid = FHIR_OPTIONS.map(({ variable }) => variable).filter((variable) => !GUIDE.includes(variable));
  expect(unsaid).toEqual(['HEMOLENS_OPEN_FHIR_SERVER_ALLOWED']);
});

test('the guide names no option or code that does not exist, and the limits that hold', () => {
  const variables = new Set(CONFIG_OPTIONS.map(({ variable }) => variable));
  const named = [...GUIDE.matchAll(/HEMOLENS_[A-Z_]+/g)].map(([name]) => name);
  expect(named.filter((name) => !variables.has(name))).toEqual([]);
  expect([...GUIDE.matchAll(/ERR_[A-Z_]+/g)].map(([code]) => code).filter((code) => !(code in ERROR_CODES))).toEqual(
    [],
  );
  const { failuresToOpen, openMs, maxConcurrent } = DEFAULT_GATE_LIMITS;
  expect(GUIDE).toContain(`${failuresToOpen}; ${openMs / 1000} s, then one call tries`);
  expect(GUIDE).toContain(`calls to one base at a time; the rest wait | ${maxConcurrent} |`);
});
