import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { effectiveOptions } from '../../src/config/config-origins.js';
import { loadConfig } from '../../src/config/config.js';

const folder = mkdtempSync(join(tmpdir(), 'hemolens-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const file = join(folder, `${Math.random()}.json`);
  writeFileSync(file, text);
  return file;
}
const environment = (text: string, more: Record<string, string> = {}): Record<string, string> => ({
  HEMOLENS_CONFIG_FILE: fileOf(text),
  ...more,
});

describe('the configuration file', () => {
  it('is read before the environment, which goes before it', () => {
    const file = '{"port": 4000, "deadlineMs": 2000, "fhirAllowedBases": ["https://ehr.example.org/fhir"]}';
    const config = loadConfig(environment(file, { HEMOLENS_PORT: '5000' }));
    expect(config).toMatchObject({
      port: 5000,
      deadlineMs: 2000,
      fhirAllowedBases: ['https://ehr.example.org/fhir'],
    });
  });

  it('decides the mode, and with it the defaults', () => {
    expect(loadConfig(environment('{"mode": "production"}')).openFhirServerAllowed).toBe(false);
  });

  it.each([
    ['is not there', { HEMOLENS_CONFIG_FILE: join(folder, 'none.json') }, 'cannot be read'],
    ['is not JSON', environment('{"port": 4000,, "password": "canary"}'), 'is not JSON'],
    ['is a list', environment('[1]'), 'must hold one JSON object'],
    ['has an unknown member', environment('{"prot": 4000}'), 'no option: prot'],
    ['names a variable', environment('{"HEMOLENS_PORT": 4000}'), 'HEMOLENS_PORT (write port)'],
    ['has a value of the wrong kind', environment('{"port": "4000"}'), '(in a file: port)'],
    ['contradicts itself', environment('{"perCallTimeoutMs": 9000}'), 'must not be over'],
  ])('bad call: a file that %s is refused, with what to change', (_, values, words) => {
    expect(() => loadConfig(values)).toThrow(words);
    expect(() => loadConfig(values)).not.toThrow('canary');
  });
});

describe('what holds', () => {
  it('is told option by option, with where it comes from', () => {
    const options = effectiveOptions(environment('{"deadlineMs": 2000}', { HEMOLENS_PORT: '5000' }));
    const of = (key: string): unknown => options.find((option) => option.key === key);
    expect(of('port')).toEqual({ key: 'port', variable: 'HEMOLENS_PORT', value: 5000, origin: 'environment' });
    expect(of('deadlineMs')).toMatchObject({ value: 2000, origin: 'file' });
    expect(of('host')).toMatchObject({ value: '127.0.0.1', origin: 'default' });
    expect(of('publicBaseUrl')).toEqual({
      key: 'publicBaseUrl',
      variable: 'HEMOLENS_PUBLIC_BASE_URL',
      origin: 'default',
    });
  });

  it('does not hold the password of the database, which was printed once', () => {
    const options = effectiveOptions({
      DATABASE_URL: 'postgresql://hemolens:canary@db.example.org/hemolens',
      HEMOLENS_PSEUDONYM_KEYS_FILE: '/etc/hemolens/keys.json',
    });
    expect(options.find(({ key }) => key === 'databaseUrl')).toMatchObject({ value: '(set)', origin: 'environment' });
    expect(JSON.stringify(options)).not.toContain('canary');
  });
});
