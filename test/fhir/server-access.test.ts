import { describe, expect, test } from '@jest/globals';
import { DEFAULT_ALGORITHMS, type RegisteredClient } from '../../src/clients/registered-client.js';
import { loadConfig, type Mode } from '../../src/config/config.js';
import { DEFAULT_FHIR_ACCESS, fhirAccessOf } from '../../src/fhir/fhir-access-options.js';
import { serverAccess, withinBase } from '../../src/fhir/server-access.js';
import { authorization } from './chart-calls.js';

const access = (
  fhirServer: string,
  allowedBases: readonly string[],
  loopbackAllowed = false,
  mode: Mode = 'development',
): string => {
  const result = serverAccess(
    { fhirServer, fhirAuthorization: authorization },
    { ...DEFAULT_FHIR_ACCESS, mode, allowedBases, loopbackAllowed },
  );
  return result.kind === 'open' ? result.base.href : result.why;
};

const registration: RegisteredClient = {
  id: 'ehr',
  iss: 'https://ehr.example.org',
  keys: { kind: 'inline', jwks: { keys: [] } },
  algorithms: DEFAULT_ALGORITHMS,
  tenants: [],
  fhirBases: [],
  mode: 'silent',
  isEnabled: true,
  dialect: { cardDetail: 'markdown', audiences: [] },
  suppression: { userRoles: [], encounterClasses: [], locations: [] },
  cooldownHours: 0,
  callOptions: [],
  limits: { requestsPerMinute: 60, concurrent: 4 },
};

describe('which servers are asked (req. 19)', () => {
  test('a configured base, with or without a slash at its end', () => {
    expect(access('https://ehr.example.org/fhir/', ['https://ehr.example.org/fhir'])).toBe(
      'https://ehr.example.org/fhir',
    );
  });
  test.each([
    ['another host', 'https://evil.example.org/fhir'],
    ['another path', 'https://ehr.example.org/fhir2'],
    ['another port', 'https://ehr.example.org:8443/fhir'],
    ['the same host without TLS', 'http://ehr.example.org/fhir'],
    ['the base in a user name', 'https://ehr.example.org@evil.example.org/fhir'],
    ['not a URL', 'ehr'],
    ['a file', 'file:///etc/passwd'],
    ['a query', 'https://ehr.example.org/fhir?x=1'],
  ])('%s is not asked', (_, server) => {
    expect(access(server, ['https://ehr.example.org/fhir'])).toBe('server-not-allowed');
  });
  test('a loopback address is asked where that is allowed, and nothing that only looks like one', () => {
    expect(access('http://127.0.0.1:8080/fhir', [], true)).toBe('http://127.0.0.1:8080/fhir');
    expect(access('http://127.0.0.1:8080/fhir', [])).toBe('server-not-allowed');
    expect(access('http://127.0.0.1.evil.example.org/fhir', [], true)).toBe('server-not-allowed');
  });
  test('loopback is open in development without a list, never in production', () => {
    const config = loadConfig({});
    expect(fhirAccessOf({ ...config, mode: 'development' }).loopbackAllowed).toBe(true);
    expect(fhirAccessOf({ ...config, mode: 'production' }).loopbackAllowed).toBe(false);
    expect(fhirAccessOf({ ...config, mode: 'sandbox', fhirAllowedBases: ['https://a.example'] }).loopbackAllowed).toBe(
      false,
    );
  });
});

describe('a token over plain http (req. 19)', () => {
  test.each<[Mode, string, string]>([
    ['sandbox', 'http://ehr.local/fhir', 'http://ehr.local/fhir'],
    ['development', 'http://127.0.0.1:8080/fhir', 'http://127.0.0.1:8080/fhir'],
    ['development', 'http://[::1]:8080/fhir', 'http://[::1]:8080/fhir'],
    ['development', 'http://ehr.local/fhir', 'token-over-http'],
    ['development', 'http://10.1.2.3/fhir', 'token-over-http'],
    ['development', 'http://127.0.0.1.evil.example.org/fhir', 'token-over-http'],
    ['production', 'http://127.0.0.1:8080/fhir', 'token-over-http'],
    ['production', 'http://ehr.local/fhir', 'token-over-http'],
    ['production', 'https://ehr.local/fhir', 'https://ehr.local/fhir'],
  ])('in %s mode, %s: %s', (mode, server, expected) => {
    expect(access(server, [server], false, mode)).toBe(expected);
  });
});

describe('a registered client (req. 19)', () => {
  const config = loadConfig({ HEMOLENS_FHIR_ALLOWED_BASES: 'https://site.example.org/fhir' });
  const client = (fhirBases: readonly string[]) => ({ registration: { ...registration, fhirBases } });
  test('may name its own bases only: not those of the site, not loopback', () => {
    expect(fhirAccessOf(config, client(['https://ehr.example.org/fhir']))).toMatchObject({
      allowedBases: ['https://ehr.example.org/fhir'],
      loopbackAllowed: false,
    });
    expect(fhirAccessOf(loadConfig({}), client([]))).toMatchObject({ allowedBases: [], loopbackAllowed: false });
  });
  test('one that is not registered is held to the bases of the site', () => {
    expect(fhirAccessOf(config, {}).allowedBases).toEqual(['https://site.example.org/fhir']);
    expect(fhirAccessOf(config).allowedBases).toEqual(['https://site.example.org/fhir']);
  });
});

describe('which links are followed', () => {
  const base = new URL('https://ehr.example.org/fhir/r4');
  test.each([
    [
      'HAPI paging on the base itself',
      'https://ehr.example.org/fhir/r4?_getpages=1',
      'https://ehr.example.org/fhir/r4?_getpages=1',
    ],
    [
      'a path below it',
      'https://ehr.example.org/fhir/r4/Observation?page=2',
      'https://ehr.example.org/fhir/r4/Observation?page=2',
    ],
    ['a relative link', 'Binary/b1', 'https://ehr.example.org/fhir/r4/Binary/b1'],
  ])('%s', (_, link, url) => {
    expect(withinBase(base, link)?.href).toBe(url);
  });
  test.each([
    ['another origin', 'https://evil.example.org/fhir/r4/Observation'],
    ['another scheme', 'http://ehr.example.org/fhir/r4/Observation'],
    ['a path beside the base', 'https://ehr.example.org/fhir/r4evil/Observation'],
    ['a path above it', '../../admin'],
    ['an encoded path above it', 'https://ehr.example.org/fhir/r4/%2e%2e/admin'],
    ['an encoded slash', 'https://ehr.example.org/fhir/r4/..%2fadmin'],
    ['a host without a scheme', '//evil.example.org/fhir/r4'],
    ['credentials', 'https://u:p@ehr.example.org/fhir/r4/Observation'],
    ['a root path', '/other/Observation'],
  ])('not: %s', (_, link) => {
    expect(withinBase(base, link)).toBeUndefined();
  });
});
