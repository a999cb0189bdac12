import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FhirResource } from 'fhir/r4.js';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { parseHookRequest } from '../../../src/cds-hooks/parse-hook-request.js';
import { parseCommandArguments, UsageError, type Command } from '../../../src/commands/command.js';
import { kitFireCommand } from '../../../src/commands/kit-fire.js';
import { kitKeyCommand } from '../../../src/commands/kit-key.js';
import { loadConfig } from '../../../src/config/config.js';
import { ServiceError } from '../../../src/errors/service-error.js';
import { FIRED_PRODUCTS, draftBloodOrder } from '../../../src/kit/fire/blood-order.js';
import { loadBloodProductTable } from '../../../src/orders/blood-product-table.js';
import { screenOrders } from '../../../src/orders/screen-orders.js';
import { loadFixtures } from '../../../src/sandbox/load-resources.js';
import { startSandbox, type Sandbox } from '../../../src/sandbox/start-sandbox.js';
import { startService, type RunningService } from '../../../src/server.js';
import { startFhirStub } from '../../support/fhir-stub.js';
import { recordingTerminal } from '../recording-terminal.js';
import { startStubCdsService, type StubCdsAnswer, type StubCdsService } from './stub-cds-service.js';

let sandbox: Sandbox;
let folder: string;
let resources: readonly FhirResource[];
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  resources = (await loadFixtures('fhir-fixtures', Date.now())).flatMap((situation) => situation.resources);
  folder = await mkdtemp(join(tmpdir(), 'kit-fire-'));
});
afterAll(async () => rm(folder, { recursive: true }));
beforeEach(async () => {
  sandbox = await startSandbox({ resources });
  closers.push(() => sandbox.close());
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(command: Command, args: readonly string[]): Promise<Ran> {
  const { terminal, out, err } = recordingTerminal();
  const code = await command.run(parseCommandArguments(command, args), terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function fire(service: string, ...more: readonly string[]): Promise<Ran> {
  const own = more.includes('--fhir') ? [] : ['--fhir', sandbox.baseUrl];
  const patient = more.includes('--patient') ? [] : ['--patient', 'syn-bleeding'];
  const product = more.includes('--product') ? [] : ['--product', 'rbc'];
  return run(kitFireCommand(), ['--service', service, ...own, ...patient, ...product, ...more]);
}

async function stub(options: Parameters<typeof startStubCdsService>[0] = {}): Promise<StubCdsService> {
  const started = await startStubCdsService(options);
  closers.push(() => started.close());
  return started;
}

function sentBody({ calls }: StubCdsService): Record<string, unknown> {
  return JSON.parse(calls.at(-1)?.text ?? '') as Record<string, unknown>;
}

describe('a draft order for each product', () => {
  test.each(
    FIRED_PRODUCTS.flatMap((product) => [
      [product, 'ServiceRequest'] as const,
      [product, 'MedicationRequest'] as const,
    ]),
  )('%s as %s is screened as that product, with its units', (product, orderType) => {
    const { order, doubt } = draftBloodOrder({
      product,
      orderType,
      patientId: 'p1',
      userId: 'Practitioner/1',
      authoredMs: 0,
      units: 3,
    });
    const bundle = { resourceType: 'Bundle' as const, type: 'collection' as const, entry: [{ resource: order }] };
    expect(doubt).toBeUndefined();
    expect(screenOrders(bundle, 'p1', loadBloodProductTable())).toMatchObject({
      kind: 'blood',
      orders: [{ products: [product], orderedUnits: 3 }],
    });
  });
});

describe('kit fire, at the real service', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService(
      loadConfig(
        {},
        {
          mode: 'sandbox',
          port: 0,
          store: 'memory',
          logLevel: 'silent',
          openFhirServerAllowed: true,
          deadlineMs: 10_000,
          perCallTimeoutMs: 10_000,
          noteEncodingMs: 60_000,
        },
      ),
    );
  });
  afterAll(() => service.close());

  test('full, partial and no prefetch give the same card; what is left out the service reads over FHIR (req. 25)', async () => {
    const details: string[] = [];
    const askedInAll: string[][] = [];
    for (const prefetch of ['full', 'partial', 'none']) {
      const before = sandbox.requests.length;
      const ran = await fire(service.url, '--prefetch', prefetch, '--json');
      expect(ran).toMatchObject({ code: 0, err: '' });
      const told = JSON.parse(ran.out) as {
        status: number;
        response: { cards: { extension: { 'org.hemolens.assessment': { probability: number } } }[] };
      };
      details.push(String(told.response.cards[0]?.extension['org.hemolens.assessment'].probability));
      const searched = sandbox.requests.slice(before).filter(({ url }) => url.includes('_count='));
      askedInAll.push(searched.map(({ resourceType = '' }) => resourceType).sort());
    }
    expect(new Set(details).size).toBe(1);
    expect(details[0]).toMatch(/^0\.\d+/);
    // Kit and service together ask each template once, whoever of them it is.
    expect(askedInAll[0]?.length).toBeGreaterThan(5);
    expect(askedInAll[1]).toEqual(askedInAll[0]);
    expect(askedInAll[2]).toEqual(askedInAll[0]);
  });

  test('prints the keys, the card and where the encounter came from', async () => {
    const { code, out } = await fire(service.url, '--prefetch', 'partial');
    expect(code).toBe(0);
    expect(out).toMatch(/encounter {4}syn-bleeding-icu2, found on the FHIR server: in progress since .+, the one of 2/);
    expect(out).toMatch(/prefetch {5}partial: 4 of 9 keys/);
    expect(out).toMatch(/ {2}labs +\d+ resources, \d+ kB, \d+ ms {2}Observation\?patient=syn-bleeding/);
    expect(out).toMatch(/ {2}notes +left to the service/);
    expect(out).toMatch(/response {5}HTTP 200/);
    expect(out).toContain('7-day mortality risk');
    expect(out).toContain('Main drivers');
  });

  test('bad call: without chart the refusal is printed in its own words, with what to do, and the code is 1', async () => {
    const { code, out } = await fire(service.url, '--prefetch', 'none', '--no-fhir-server');
    expect(code).toBe(1);
    expect(out).toContain('HTTP 412');
    expect(out).toContain('ERR_CHART_UNAVAILABLE');
    expect(out).toContain('leave out --no-fhir-server');
  });
});

describe('the request that kit fire builds', () => {
  test('passes the request check of this service and holds what an EHR knows', async () => {
    const service = await stub();
    const ran = await fire(service.url, '--units', '2', '--user', 'PractitionerRole/r1', '--encounter', 'e9');
    expect(ran.code).toBe(0);
    const body = sentBody(service);
    expect(() => parseHookRequest(body)).not.toThrow();
    expect(service.calls[0]?.path).toBe('/cds-services/risk');
    expect(body).toMatchObject({
      hook: 'order-sign',
      fhirServer: sandbox.baseUrl,
      context: {
        userId: 'PractitionerRole/r1',
        patientId: 'syn-bleeding',
        encounterId: 'e9',
        draftOrders: {
          entry: [
            {
              resource: {
                resourceType: 'ServiceRequest',
                status: 'draft',
                subject: { reference: 'Patient/syn-bleeding' },
                encounter: { reference: 'Encounter/e9' },
                quantityQuantity: { value: 2 },
              },
            },
          ],
        },
      },
    });
    expect(Object.keys(body['prefetch'] as object)).toEqual(['patient', 'labs', 'encounters', 'conditions']);
  });

  test('chosen keys are sent and no others; a key the service has not is refused with those it has', async () => {
    const service = await stub();
    await fire(service.url, '--prefetch', 'labs, patient');
    expect(Object.keys(sentBody(service)['prefetch'] as object)).toEqual(['patient', 'labs']);
    const refused = await fire(service.url, '--prefetch', 'labs,vitals');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('no prefetch key vitals; its keys are patient, labs, encounters, conditions');
    expect(service.calls).toHaveLength(1);
  });

  test('a query that fails leaves its key out and says so; the others are sent (req. 24)', async () => {
    const service = await stub();
    sandbox.faults.set([{ kind: 'status', status: 500, resourceType: 'Observation' }]);
    const { code, out } = await fire(service.url);
    expect(code).toBe(0);
    expect(Object.keys(sentBody(service)['prefetch'] as object)).toEqual(['patient', 'encounters', 'conditions']);
    expect(out).toMatch(/labs +left out: failed, HTTP 500/);
    expect(out).toContain('These keys were left out');
  });

  test('a token is used, handed to the service with its scope, and shown nowhere', async () => {
    await sandbox.close();
    sandbox = await startSandbox({ resources, requireToken: 'opaque-token-7f' });
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'opaque-token-7f\n');
    const service = await stub();
    const more = ['--token-file', tokenFile, '--scope', 'patient/Patient.rs'];
    const printed = [
      await fire(service.url, ...more),
      await fire(service.url, ...more, '--json'),
      await fire(service.url, ...more, '--fill-only'),
    ];
    expect(printed.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const { out, err } of printed) expect(out + err).not.toContain('opaque-token-7f');
    expect(printed[2]?.out).toContain('"access_token": "not shown"');
    expect(service.calls).toHaveLength(2);
    expect(sentBody(service)).toMatchObject({
      fhirAuthorization: {
        access_token: 'opaque-token-7f',
        token_type: 'Bearer',
        expires_in: 300,
        scope: 'patient/Patient.rs',
        patient: 'syn-bleeding',
      },
    });
  });

  test("an order code of the site's own is sent, with a warning where the shipped table does not know it", async () => {
    const service = await stub();
    const { out } = await fire(service.url, '--order-code', 'urn:oid:1.2.3|PREPARE|RBC');
    expect(out).toContain('urn:oid:1.2.3|PREPARE|RBC is not in the shipped code table');
    const wrong = await fire(service.url, '--order-code', 'http://snomed.info/sct|12719002');
    expect(wrong.out).toContain('for platelets, not for rbc');
  });

  test('a patient without an encounter in progress is sent without one, and that is said', async () => {
    const service = await stub();
    sandbox.store.load([{ resourceType: 'Patient', id: 'alone' }]);
    const { out } = await fire(service.url, '--patient', 'alone');
    expect(out).toContain('none: the FHIR server has no encounter in progress');
    expect(sentBody(service)['context']).not.toHaveProperty('encounterId');
  });
});

describe('the client token of kit fire --sign', () => {
  test.each(['ES384', 'RS384'] as const)(
    '%s: verifies against the key set that kit key printed, for the address called (req. 63–68)',
    async (algorithm) => {
      const file = join(folder, `${algorithm}.jwk`);
      const made = await run(kitKeyCommand(), ['--out', file, '--alg', algorithm]);
      const keySet = JSON.parse(made.out) as JSONWebKeySet;
      expect(keySet.keys[0]).not.toHaveProperty('d');
      const service = await stub();
      const ran = await fire(
        service.url,
        ...['--sign', '--key', file, '--issuer', 'https://ehr.example.org', '--tenant', 'north'],
        ...['--jku', 'https://ehr.example.org/jwks.json'],
      );
      expect(ran.code).toBe(0);
      const tokens = [service.discoveries[0], service.calls[0]].map(
        (call) => call?.headers.authorization?.replace(/^Bearer /, '') ?? '',
      );
      const urls = [`${service.url}/cds-services`, `${service.url}/cds-services/risk`];
      const ids: unknown[] = [];
      for (const [index, token] of tokens.entries()) {
        const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keySet), {
          issuer: 'https://ehr.example.org',
          audience: urls[index] ?? '',
          typ: 'JWT',
          algorithms: [algorithm],
          maxTokenAge: '60s',
        });
        expect(protectedHeader).toEqual({
          alg: algorithm,
          kid: keySet.keys[0]?.kid,
          typ: 'JWT',
          jku: 'https://ehr.example.org/jwks.json',
        });
        expect(payload).toMatchObject({ tenant: 'north', aud: urls[index] });
        expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
        ids.push(payload.jti);
        expect(ran.out + ran.err).not.toContain(token);
      }
      expect(new Set(ids).size).toBe(2);
    },
  );

  test('--audience and --kid stand in place of the address and of the own id of the key', async () => {
    const file = join(folder, 'own.jwk');
    const made = await run(kitKeyCommand(), ['--out', file]);
    const { keys } = JSON.parse(made.out) as JSONWebKeySet;
    const service = await stub();
    const more = ['--sign', '--key', file, '--issuer', 'i', '--audience', 'https://outside/x', '--kid', 'k7'];
    await fire(service.url, ...more);
    const token = service.calls[0]?.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const publicKey = createLocalJWKSet({ keys: keys.map((key) => ({ ...key, kid: 'k7' })) });
    const { protectedHeader } = await jwtVerify(token, publicKey, { audience: 'https://outside/x', issuer: 'i' });
    expect(protectedHeader.kid).toBe('k7');
  });
});

describe('bad call: kit fire says what it found and what to do', () => {
  const html = { body: '<!doctype html><title>Sign in</title>', headers: { 'Content-Type': 'text/html' } };
  test.each<[string, StubCdsAnswer, RegExp]>([
    ['discovery is HTML', html, /HTML page \("Sign in"\).+Give the base with --service/],
    ['discovery is other JSON', { body: { resourceType: 'Bundle' } }, /JSON without a list of services/],
    ['discovery is not there', { status: 404 }, /answers 404: there is no discovery page/],
    ['discovery wants a token', { status: 401 }, /answers 401.+--sign --key/],
    ['no services', { body: { services: [] } }, /offers no services at all/],
    ['no order-sign', { body: { services: [{ hook: 'patient-view', id: 'a' }] } }, /only patient-view: no service/],
    ['discovery fails', { status: 500 }, /answers 500/],
  ])('%s', async (_title, discovery, words) => {
    const service = await stub({ discovery });
    const { code, out, err } = await fire(service.url);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(words);
    expect(service.calls).toHaveLength(0);
  });

  test('fault: the service is not reachable', async () => {
    const service = await startStubCdsService();
    await service.close();
    const { code, err } = await fire(service.url);
    expect(code).toBe(1);
    expect(err).toMatch(/The CDS service at .+connection refused/);
  });

  test('the patient is not on the FHIR server', async () => {
    const service = await stub();
    const { code, err } = await fire(service.url, '--patient', 'nobody');
    expect(code).toBe(1);
    expect(err).toMatch(/nothing was sent.+Patient\/nobody is not on it \(404\).+kit load/);
    expect(service.calls).toHaveLength(0);
  });

  test('fault: the FHIR server is not reachable: no empty prefetch is sent, but --prefetch none goes out with a note', async () => {
    const service = await stub();
    const gone = await startSandbox();
    await gone.close();
    const full = await fire(service.url, '--fhir', gone.baseUrl);
    expect(full.code).toBe(1);
    expect(full.err).toMatch(/--prefetch full is not possible, and nothing was sent.+connection refused/);
    expect(service.calls).toHaveLength(0);
    const none = await fire(service.url, '--fhir', gone.baseUrl, '--prefetch', 'none');
    expect(none.code).toBe(0);
    expect(none.out).toMatch(/note +The FHIR server.+connection refused/);
    expect(service.calls).toHaveLength(1);
  });

  test('what --fhir names is no FHIR server, or wants a token', async () => {
    const service = await stub();
    const page = await startFhirStub(() => ({ body: '<html><title>Hello</title></html>' }));
    closers.push(() => page.close());
    expect((await fire(service.url, '--fhir', page.baseUrl)).err).toMatch(/HTML page \("Hello"\)/);
    const closed = await startSandbox({ resources, requireToken: 'x' });
    closers.push(() => closed.close());
    expect((await fire(service.url, '--fhir', closed.baseUrl)).err).toMatch(/wants authorization.+--token-file/);
  });

  test('not one query of the prefetch works', async () => {
    const service = await stub();
    sandbox.faults.set(
      ['Observation', 'Condition'].map((resourceType) => ({ kind: 'status', status: 403, resourceType })),
    );
    const { code, err } = await fire(service.url, '--prefetch', 'labs,conditions');
    expect(code).toBe(1);
    expect(err).toContain('Not one key of the prefetch could be filled, so nothing was sent: labs (HTTP 403)');
  });

  test.each([
    ['an unknown product', ['--product', 'albumin'], /albumin is not known: it is one of rbc, platelets, plasma, cryo/],
    ['a key without --sign', ['--key', 'x'], /--key is for signing: add --sign/],
    ['no issuer', ['--sign', '--key', 'x'], /--issuer is required/],
    ['a service that is no address', ['--service', 'localhost:3000'], /--service needs the address/],
    ['a FHIR base that is no address', ['--fhir', 'here'], /--fhir needs the address/],
    ['an order code without system', ['--order-code', '123'], /SYSTEM\|CODE/],
    ['notes to keep and no file', ['--keep-notes'], /--keep-notes is for --record/],
    ['a user that is no reference', ['--user', 'me'], /Practitioner\/123/],
    ['no units', ['--units', '0'], /1 or more/],
  ])('%s', async (_title, more, words) => {
    const attempt = fire('http://127.0.0.1:1', ...more);
    await expect(attempt).rejects.toThrow(UsageError);
    await expect(attempt).rejects.toThrow(words);
  });

  test('a key file that is missing, public, symmetric, of another curve or nonsense is told, and never quoted', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = (key: KeyObject): string => JSON.stringify(key.export({ format: 'jwk' }));
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['public', jwk(publicKey), /public key \(no `d`\)/],
      ['p256', jwk(privateKey), /cannot use \(ec prime256v1\)/],
      ['oct', '{"kty":"oct","k":"c2VjcmV0LXNlY3JldA"}', /symmetric key, which CDS Hooks forbids/],
      ['set', '{"keys":[]}', /is a key set/],
      ['cut', '{"kty":"EC","d":"c2VjcmV0LXNlY3JldA"', /not JSON/],
      ['text', 'c2VjcmV0LXNlY3JldA', /neither a private JWK nor a private key in PEM/],
    ];
    for (const [name, content, words] of cases) {
      const file = join(folder, `bad-${name}`);
      await writeFile(file, content);
      const fault = await fire('http://127.0.0.1:1', '--sign', '--key', file, '--issuer', 'i').catch(
        (error: unknown) => error,
      );
      expect(fault).toBeInstanceOf(ServiceError);
      expect(String(fault)).toMatch(words);
      expect(String(fault)).not.toContain('c2VjcmV0');
    }
    await expect(fire('http://127.0.0.1:1', '--sign', '--key', join(folder, 'no'), '--issuer', 'i')).rejects.toThrow(
      /ENOENT.+kit key --out/,
    );
  });

  test.each<[number, RegExp]>([
    [400, /names the element/],
    [401, /wants a client token: --sign/],
    [403, /does not let this caller in/],
    [404, /a proxy may forward/],
    [412, /HEMOLENS_FHIR_ALLOWED_BASES/],
    [413, /too large.+HEMOLENS_MAX_BODY_BYTES/],
    [415, /Content-Type/],
    [429, /Retry-After 7/],
    [502, /could not read from the FHIR server/],
    [503, /starting, stopping or overloaded/],
    [500, /its log has the reason/],
  ])('status %d is printed with the words of its OperationOutcome and a hint', async (status, hint) => {
    const issue = [{ severity: 'error', code: 'invalid', details: { text: 'said so' }, diagnostics: 'request 8' }];
    const answer = (): StubCdsAnswer => ({
      status,
      body: { resourceType: 'OperationOutcome', issue },
      headers: { 'Retry-After': '7' },
    });
    const { code, out } = await fire((await stub({ answer })).url);
    expect(code).toBe(1);
    expect(out).toContain(`HTTP ${status}`);
    expect(out).toContain('it says      said so, request 8');
    expect(out).toMatch(hint);
  });

  test('a page of HTML, and a 200 that is no answer of CDS Hooks', async () => {
    const page = await stub({ answer: () => ({ status: 502, body: '<html><title>Bad Gateway</title></html>' }) });
    expect((await fire(page.url)).out).toContain('an HTML page "Bad Gateway": a proxy');
    const empty = await stub({ answer: () => ({ body: {} }) });
    const ran = await fire(empty.url);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('no list of cards');
  });
});

describe('kit key', () => {
  test('writes a private key that only its owner can read, and overwrites none', async () => {
    const file = join(folder, 'mine.jwk');
    expect(await run(kitKeyCommand(), ['--out', file])).toMatchObject({ code: 0 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const before = await readFile(file, 'utf8');
    await expect(run(kitKeyCommand(), ['--out', file])).rejects.toThrow(/is there already and is not overwritten/);
    expect(await readFile(file, 'utf8')).toBe(before);
    await expect(run(kitKeyCommand(), ['--out', `${file}2`, '--alg', 'HS256'])).rejects.toThrow(UsageError);
  });
});
