import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RegisteredClient } from '../../../src/clients/registered-client.js';
import { createKeySets, KEEP_MS, REFETCH_INTERVAL_MS, type KeySets } from '../../../src/http/client-jwt/key-sets.js';
import { isFetchableJku } from '../../../src/clients/fetchable-jku.js';
import { parseLines, recordingLog } from '../../support/test-app.js';
import { startKeyServer, type KeyAnswer, type KeyServer } from './support/key-server.js';
import { registered } from './support/registrations.js';
import { testKey } from './support/signing.js';

const OLD = testKey('ES384', 'old').jwk;
const NEW = testKey('ES384', 'new').jwk;
const START = Date.UTC(2026, 10, 23, 12);

let server: KeyServer;
let client: RegisteredClient;
let keySets: KeySets;
let now: number;
let log: ReturnType<typeof recordingLog>;

beforeEach(async () => {
  server = await startKeyServer([OLD]);
  client = registered({ id: 'ehr', iss: 'https://ehr.example.org', keys: { kind: 'jku', jku: server.jku } });
  now = START;
  log = recordingLog();
  keySets = createKeySets({ log: log.log, clock: () => now, mayFetch: () => true, maxBytes: 10_000 });
});
afterEach(() => server.close());

const events = (): readonly unknown[] =>
  parseLines(log.text()).map(({ event, reason, status, kept, keys }) => ({
    event,
    ...(reason !== undefined && { reason }),
    ...(status !== undefined && { status }),
    ...(kept !== undefined && { kept }),
    ...(keys !== undefined && { keys }),
  }));
const kids = async (kid: string): Promise<readonly unknown[] | undefined> =>
  (await keySets.keysNamed(client, kid))?.map((key) => key.kid);

describe('the key set of a client (req. 66)', () => {
  it('is fetched once and kept', async () => {
    for (let call = 0; call < 5; call += 1) expect(await kids('old')).toEqual(['old']);
    expect(server.asked).toEqual(['/jwks.json']);
    expect(events()).toEqual([{ event: 'client.keys-fetched', keys: 1 }]);
  });

  it('is fetched once more on a kid that it lacks: a key that was rotated in is found', async () => {
    await kids('old');
    server.answers({ keys: [OLD, NEW] });
    now += REFETCH_INTERVAL_MS;
    expect(await kids('new')).toEqual(['new']);
    expect(server.asked).toHaveLength(2);
  });

  it('is not fetched again and again for kids that nobody has', async () => {
    await kids('old');
    now += REFETCH_INTERVAL_MS;
    for (let call = 0; call < 50; call += 1) expect(await kids(`forged-${call}`)).toEqual([]);
    expect(server.asked).toHaveLength(2);
    now += REFETCH_INTERVAL_MS - 1;
    expect(await kids('forged')).toEqual([]);
    expect(server.asked).toHaveLength(2);
  });

  it('is fetched once for calls that come at the same time', async () => {
    const found = await Promise.all(Array.from({ length: 20 }, () => kids('old')));
    expect(found).toEqual(Array.from({ length: 20 }, () => ['old']));
    expect(server.asked).toHaveLength(1);
  });

  it('is fetched for each client by itself: forged kids of one do not hold up the rotation of another', async () => {
    const other = { ...client, id: 'other' };
    await kids('old');
    await keySets.keysNamed(other, 'old');
    now += REFETCH_INTERVAL_MS;
    await kids('forged');
    server.answers({ keys: [NEW] });
    expect(await keySets.keysNamed(other, 'new')).toHaveLength(1);
  });

  it('is fetched anew in time, so that a key that was withdrawn ends', async () => {
    await kids('old');
    server.answers({ keys: [NEW] });
    now += 60 * 60_000 + 1;
    expect(await kids('old')).toEqual([]);
  });

  it('is fetched anew beside the call while it is young: the call does not wait', async () => {
    await kids('old');
    server.answers({ keys: [NEW] });
    now += 11 * 60_000;
    expect(await kids('old')).toEqual(['old']);
    while ((await kids('new'))?.length !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await kids('old')).toEqual([]);
  });

  it('that is inline is asked of nobody', async () => {
    const inline = registered({ id: 'inline', iss: 'inline', keys: { kind: 'inline', jwks: { keys: [OLD] } } });
    expect(await keySets.keysNamed(inline, 'old')).toHaveLength(1);
    expect(await keySets.keysNamed(inline, 'new')).toEqual([]);
    expect(server.asked).toEqual([]);
  });
});

describe('fault: the key set cannot be had', () => {
  const faults: readonly (readonly [string, object, KeyAnswer])[] = [
    ['an error', { reason: 'status', status: 500 }, (_, response) => response.writeHead(500).end('oops')],
    ['no content', { reason: 'status', status: 204 }, (_, response) => response.writeHead(204).end()],
    [
      'a redirect',
      { reason: 'redirect', status: 302 },
      (_, response) => response.writeHead(302, { Location: '/other' }).end(),
    ],
    ['a page', { reason: 'not-a-key-set' }, (_, response) => response.end('<html>')],
    ['a single key', { reason: 'not-a-key-set' }, (_, response) => response.end(JSON.stringify(OLD))],
    ['keys that are none', { reason: 'not-a-key-set' }, (_, response) => response.end('{"keys":[null]}')],
    ['nothing', { reason: 'not-a-key-set' }, (_, response) => response.end()],
    [
      'more than is read',
      { reason: 'too-large' },
      (_, response) => response.end(JSON.stringify({ keys: [], x: 'x'.repeat(10_000) })),
    ],
    ['a broken connection', { reason: 'unreachable' }, (request) => request.socket.destroy()],
  ];

  it.each(faults)('%s: there are no keys, and the log says why', async (_, told, answer) => {
    server.answers(answer);
    expect(await kids('old')).toBeUndefined();
    expect(events()).toEqual([{ event: 'client.keys-unavailable', ...told, kept: false }]);
    // A redirect is not followed.
    expect(server.asked).toEqual(['/jwks.json']);
  });

  it.each(faults)('%s after it was had: the keys known before are kept', async (_, told, answer) => {
    await kids('old');
    server.answers(answer);
    now += 60 * 60_000 + 1;
    expect(await kids('old')).toEqual(['old']);
    expect(events().at(-1)).toEqual({ event: 'client.keys-unavailable', ...told, kept: true });
  });

  it('for more than a day: keys that old are no longer believed', async () => {
    await kids('old');
    server.answers((_, response) => response.writeHead(503).end());
    now += KEEP_MS + 1;
    expect(await kids('old')).toBeUndefined();
  });

  it('as it never answers: the wait ends with the time limit', async () => {
    server.answers(() => undefined);
    keySets = createKeySets({ log: log.log, clock: () => now, mayFetch: () => true, timeLimitMs: 50 });
    expect(await kids('old')).toBeUndefined();
    expect(events()).toEqual([{ event: 'client.keys-unavailable', reason: 'time-limit', kept: false }]);
  });

  it('as its body never ends: the wait ends with the time limit', async () => {
    server.answers((_, response) => void response.write('{"keys":['));
    keySets = createKeySets({ log: log.log, clock: () => now, mayFetch: () => true, timeLimitMs: 50 });
    expect(await kids('old')).toBeUndefined();
    expect(events()).toEqual([{ event: 'client.keys-unavailable', reason: 'time-limit', kept: false }]);
  });

  it('at first: it is asked again after 5 s, not for every call', async () => {
    server.answers((_, response) => response.writeHead(503).end());
    for (let call = 0; call < 10; call += 1) expect(await kids('old')).toBeUndefined();
    expect(server.asked).toHaveLength(1);
    server.answers({ keys: [OLD] });
    now += 5_000;
    expect(await kids('old')).toEqual(['old']);
  });

  it('from an address that is not allowed: nothing is sent', async () => {
    keySets = createKeySets({ log: log.log, clock: () => now, mayFetch: () => false });
    expect(await kids('old')).toBeUndefined();
    expect(server.asked).toEqual([]);
    expect(events()).toEqual([{ event: 'client.keys-unavailable', reason: 'insecure', kept: false }]);
  });
});

it.each<[string, boolean, boolean]>([
  ['https://ehr.example.org/jwks', true, true],
  ['http://127.0.0.1:8080/jwks', true, false],
  ['http://[::1]/jwks', true, false],
  ['http://localhost/jwks', true, false],
  ['http://ehr.example.org/jwks', false, false],
  ['http://127.0.0.1.example.org/jwks', false, false],
  ['https://user:secret@ehr.example.org/jwks', false, false],
  ['file:///etc/passwd', false, false],
  ['jwks', false, false],
])(
  'keys may be fetched from %s: %s in development, %s in production (req. 1, 66)',
  (jku, inDevelopment, inProduction) => {
    expect(isFetchableJku(jku, 'development')).toBe(inDevelopment);
    expect(isFetchableJku(jku, 'production')).toBe(inProduction);
  },
);
