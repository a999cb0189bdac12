import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CONFIG_OPTIONS } from '../../src/config/config-options.js';
import { audienceBaseUrl } from '../../src/config/client-authentication.js';
import { loadConfig, requiresClientAuthentication } from '../../src/config/config.js';
import { ServiceError } from '../../src/errors/service-error.js';

function refusal(environment: Record<string, string>): string {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ERR_CONFIG') return error.detail;
    throw error;
  }
  throw new Error('was accepted');
}

describe('the configuration', () => {
  it('without any variable listens on the loopback address, in development mode, within 1,500 ms', () => {
    expect(loadConfig({})).toEqual({
      mode: 'development',
      host: '127.0.0.1',
      port: 3000,
      allowOpenNetwork: false,
      corsOrigins: [],
      maxBodyBytes: 20_971_520,
      fhirAllowedBases: [],
      fhirConcurrencyPerBase: 24,
      fhirPrivateNetworksAllowed: false,
      maxChartBytes: 64 * 1024 * 1024,
      maxChartResources: 20_000,
      restrictedNotesRead: false,
      openFhirServerAllowed: true,
      deadlineMs: 1500,
      perCallTimeoutMs: 1200,
      modelBundleDir: 'models/transfusion-open',
      noteEncodingMs: 200,
      noteEncoderThreads: 1,
      criticalAllowed: false,
      showNotScored: true,
      cooldownHours: 0,
      suppressUserRoles: [],
      suppressEncounterClasses: [],
      suppressLocations: [],
      killSwitchAnswer: 'empty',
      store: 'embedded',
      storeDir: 'hemolens-store',
      storeSync: false,
      storeFailure: 'spool',
      retentionDays: 365,
      storeCapacity: 200,
      logLevel: 'info',
      metrics: 'loopback',
      clientRequestsPerMinute: 100_000,
      clientConcurrentCalls: 256,
      failedAuthenticationsPerMinute: 600,
      maxCalls: 256,
      maxWaitingCalls: 256,
      maxLoopDelayMs: 10_000,
      bodyTimeoutMs: 15_000,
      maxConnections: 2048,
      trustedProxies: [],
    });
  });

  it('leaves a call less than 2 s for charts and notes together (req. 77)', () => {
    const { deadlineMs, perCallTimeoutMs, noteEncodingMs } = loadConfig({});
    expect(perCallTimeoutMs).toBeLessThanOrEqual(deadlineMs);
    expect(deadlineMs + noteEncodingMs).toBeLessThan(2000);
  });

  it('takes in less at once in production, so that what it takes is answered soon', () => {
    expect(loadConfig({ HEMOLENS_MODE: 'production' })).toMatchObject({
      clientRequestsPerMinute: 1200,
      clientConcurrentCalls: 16,
      maxCalls: 64,
      maxWaitingCalls: 2,
      maxLoopDelayMs: 1000,
    });
  });

  it('bad call: in production other machines reach the service over TLS only (req. 1)', () => {
    const open = {
      HEMOLENS_MODE: 'production',
      HEMOLENS_HOST: '10.0.0.1',
      HEMOLENS_ALLOW_OPEN_NETWORK: 'true',
    };
    expect(refusal(open)).toContain('over TLS only: set HEMOLENS_TLS_CERT_FILE');
    expect(loadConfig({ ...open, HEMOLENS_TRUSTED_PROXIES: '10.0.0.2' }).trustedProxies).toEqual(['10.0.0.2']);
    const tls = { HEMOLENS_TLS_CERT_FILE: 'cert.pem', HEMOLENS_TLS_KEY_FILE: 'key.pem' };
    expect(loadConfig({ ...open, ...tls })).toMatchObject({ tlsCertFile: 'cert.pem', tlsKeyFile: 'key.pem' });
  });

  it('bad call: a certificate without its key, or client certificates without TLS, stop the start', () => {
    expect(refusal({ HEMOLENS_TLS_CERT_FILE: 'cert.pem' })).toContain('must be set together');
    expect(refusal({ HEMOLENS_TLS_CLIENT_CA_FILE: 'ca.pem' })).toContain('needs HEMOLENS_TLS_CERT_FILE');
  });

  it('bad call: was open without a word on loopback behind a listed proxy, which passes on the calls of others (req. 62)', () => {
    const behindProxy = { HEMOLENS_TRUSTED_PROXIES: '127.0.0.1' };
    expect(requiresClientAuthentication(loadConfig(behindProxy))).toBe(true);
    expect(refusal({ ...behindProxy, HEMOLENS_CLIENT_AUTHENTICATION: 'off' })).toContain('HEMOLENS_ALLOW_OPEN_NETWORK');
  });

  it('knows proxies by address or network', () => {
    const text = '10.0.0.1, 192.168.0.0/16, ::1, fd00::/8';
    expect(loadConfig({ HEMOLENS_TRUSTED_PROXIES: text }).trustedProxies).toHaveLength(4);
  });

  it('is read from the environment', () => {
    const config = loadConfig({
      PATH: '/bin',
      HEMOLENS_MODE: 'sandbox',
      HEMOLENS_PORT: '0',
      HEMOLENS_PUBLIC_BASE_URL: 'https://cds.example.org/hemolens/',
      HEMOLENS_FHIR_ALLOWED_BASES: 'https://ehr.example.org/fhir/, http://127.0.0.1:8080/fhir',
      HEMOLENS_CORS_ORIGINS: 'https://sandbox.cds-hooks.org',
      HEMOLENS_OPEN_FHIR_SERVER_ALLOWED: 'false',
      HEMOLENS_SILENT_BELOW_TIER: 'moderate',
      HEMOLENS_LOG_LEVEL: ' debug ',
    });
    expect(config).toMatchObject({
      mode: 'sandbox',
      port: 0,
      publicBaseUrl: 'https://cds.example.org/hemolens',
      fhirAllowedBases: ['https://ehr.example.org/fhir', 'http://127.0.0.1:8080/fhir'],
      corsOrigins: ['https://sandbox.cds-hooks.org'],
      openFhirServerAllowed: false,
      silentBelowTier: 'moderate',
      logLevel: 'debug',
    });
  });

  it('lets what a command asks for win over the environment', () => {
    expect(loadConfig({ HEMOLENS_PORT: '1' }, { port: 2, host: undefined })).toMatchObject({
      port: 2,
      host: '127.0.0.1',
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ HEMOLENS_PORT: '', HEMOLENS_ORDERS_OVERLAY_PATH: ' ' })).toEqual(loadConfig({}));
  });

  it('does not call open FHIR servers in production, unless told to', () => {
    expect(loadConfig({ HEMOLENS_MODE: 'production' }).openFhirServerAllowed).toBe(false);
    const both = { HEMOLENS_MODE: 'production', HEMOLENS_OPEN_FHIR_SERVER_ALLOWED: 'true' };
    expect(loadConfig(both).openFhirServerAllowed).toBe(true);
  });

  it('cannot be changed once read', () => {
    const config = loadConfig({});
    expect(Object.isFrozen(config) && Object.isFrozen(config.corsOrigins)).toBe(true);
  });

  it.each(['127.0.0.1', 'localhost', '::1'])('may listen on the loopback address %s', (host) => {
    expect(loadConfig({ HEMOLENS_HOST: host }).host).toBe(host);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'cds.example.org', '127.0.0.1.example.org'])(
    'bad call: refuses to listen on %s, over plain http, until that is asked for (req. 1)',
    (host) => {
      expect(refusal({ HEMOLENS_HOST: host })).toContain('HEMOLENS_ALLOW_OPEN_NETWORK=true');
      expect(loadConfig({ HEMOLENS_HOST: host, HEMOLENS_ALLOW_OPEN_NETWORK: 'true' }).host).toBe(host);
    },
  );
});

describe('authentication of clients (req. 62)', () => {
  const OPEN = { HEMOLENS_ALLOW_OPEN_NETWORK: 'true' };
  const PUBLIC = { HEMOLENS_PUBLIC_BASE_URL: 'https://cds.example.org/hemolens' };
  const ANYWHERE = { HEMOLENS_HOST: '0.0.0.0' };
  const REQUIRED = { HEMOLENS_CLIENT_AUTHENTICATION: 'required' };
  const OFF = { HEMOLENS_CLIENT_AUTHENTICATION: 'off' };

  it.each<[string, boolean, Record<string, string>]>([
    ['on loopback', false, {}],
    ['on loopback under a loopback address', false, { HEMOLENS_PUBLIC_BASE_URL: 'http://[::1]:3000' }],
    ['on loopback behind a proxy that others reach', true, PUBLIC],
    ['on every address', true, { ...ANYWHERE, ...PUBLIC }],
    ['where the network was opened on purpose', false, { ...ANYWHERE, ...OPEN }],
    [
      'where the network was opened and tokens are asked for all the same',
      true,
      { ...ANYWHERE, ...OPEN, ...PUBLIC, ...REQUIRED },
    ],
    ['on loopback where it is asked for', true, REQUIRED],
    ['where it is off and the network was opened', false, { ...ANYWHERE, ...OPEN, ...OFF }],
  ])('%s: required is %s', (_, isRequired, environment) => {
    expect(requiresClientAuthentication(loadConfig(environment))).toBe(isRequired);
  });

  it('compares aud with the public address, or on loopback with the one listened on (req. 72)', () => {
    expect(audienceBaseUrl(loadConfig(PUBLIC))).toBe('https://cds.example.org/hemolens');
    expect(audienceBaseUrl(loadConfig(REQUIRED))).toBe('http://127.0.0.1:3000');
    expect(audienceBaseUrl(loadConfig({ ...REQUIRED, HEMOLENS_HOST: '::1' }))).toBe('http://[::1]:3000');
  });

  it.each<[string, Record<string, string>, string]>([
    ['off on an address that others reach', { ...ANYWHERE, ...OFF }, 'HEMOLENS_CLIENT_AUTHENTICATION is off'],
    ['off behind a proxy that others reach', { ...PUBLIC, ...OFF }, 'HEMOLENS_CLIENT_AUTHENTICATION is off'],
    ['required without an address that tokens could name', ANYWHERE, 'HEMOLENS_PUBLIC_BASE_URL must be set'],
    ['required on any free port', { ...REQUIRED, HEMOLENS_PORT: '0' }, 'HEMOLENS_PUBLIC_BASE_URL must be set'],
  ])('bad call: %s is refused, and the way out is named', (_, environment, words) => {
    expect(refusal(environment)).toContain(words);
    expect(refusal(environment)).toContain('HEMOLENS_ALLOW_OPEN_NETWORK=true');
  });
});

describe('bad call: the start is refused and the variable named', () => {
  it.each([
    ['HEMOLENS_MODE', 'prod'],
    ['HEMOLENS_HOST', 'http://127.0.0.1'],
    ['HEMOLENS_PORT', '65536'],
    ['HEMOLENS_TRUSTED_PROXIES', 'proxy.example.org'],
    ['HEMOLENS_TRUSTED_PROXIES', '10.0.0.300'],
    ['HEMOLENS_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['HEMOLENS_MAX_CALLS', '0'],
    ['HEMOLENS_BODY_TIMEOUT_MS', '10 s'],
    ['HEMOLENS_PORT', '80.5'],
    ['HEMOLENS_PORT', '-1'],
    ['HEMOLENS_ALLOW_OPEN_NETWORK', 'yes'],
    ['HEMOLENS_PUBLIC_BASE_URL', 'cds.example.org'],
    ['HEMOLENS_CLIENT_AUTHENTICATION', 'optional'],
    ['HEMOLENS_CORS_ORIGINS', '*'],
    ['HEMOLENS_CORS_ORIGINS', 'https://ehr.example.org/app'],
    ['HEMOLENS_CORS_ORIGINS', 'https://*.example.org'],
    ['HEMOLENS_FHIR_ALLOWED_BASES', 'https://ehr.example.org/fhir,,'],
    ['HEMOLENS_FHIR_ALLOWED_BASES', 'https://user:secret@ehr.example.org/fhir'],
    ['HEMOLENS_FHIR_ALLOWED_BASES', 'https://ehr.example.org/fhir?x=1'],
    ['HEMOLENS_DEADLINE_MS', '0'],
    ['HEMOLENS_DEADLINE_MS', '1.5 s'],
    ['HEMOLENS_TEXT_MATCH_POLICY', 'maybe'],
    ['HEMOLENS_SILENT_BELOW_TIER', 'severe'],
    ['HEMOLENS_STORE_CAPACITY', '0'],
    ['HEMOLENS_LOG_LEVEL', 'trace'],
  ])('%s=%s', (variable, value) => {
    const detail = refusal({ [variable]: value });
    expect(detail).toMatch(new RegExp(`^${variable} must be `));
  });

  it('HEMOLENS_PROT, which is no option', () => {
    expect(refusal({ HEMOLENS_PROT: '80' })).toBe('HEMOLENS_PROT is not an option (docs/configuration.md lists them)');
  });

  it('every one of several', () => {
    const detail = refusal({ HEMOLENS_PORT: 'x', HEMOLENS_MODE: 'y', HEMOLENS_OTHER: 'z' });
    expect(detail.match(/HEMOLENS_(PORT|MODE|OTHER)/g)).toHaveLength(3);
  });

  it('a time for one call that is over the time for all', () => {
    expect(refusal({ HEMOLENS_DEADLINE_MS: '500' })).toContain(
      'HEMOLENS_PER_CALL_TIMEOUT_MS must not be over HEMOLENS_DEADLINE_MS',
    );
  });

  it('whatever stands in any of them: a value is taken as documented, or refused by name', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CONFIG_OPTIONS.map(({ variable }) => variable)),
        fc.string(),
        (variable, value) => {
          try {
            loadConfig({ [variable]: value });
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_CONFIG', detail: expect.stringContaining(variable) });
          }
        },
      ),
    );
  });
});
