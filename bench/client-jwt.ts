/**
 * The price of a client token's check with cached keys, and how long it holds the event loop. `npm run bench:jwt [-- --json]`
 *
 * `check` is the whole of it, from the Authorization header to the ledger (in memory), one check after the other. `held` is the time the
 * event loop was busy meanwhile, a check: the rest of `check` it was free for other calls, as the signature is verified on libuv's pool.
 * `verify on the loop` is the same signature by crypto.verify without a callback, which holds the loop throughout.
 */
import { generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { parseRegistration } from '../src/clients/parse-registration.js';
import type { VerifyClientJwt } from '../src/http/cds-client.js';
import { createClientJwtPort } from '../src/http/client-jwt/client-jwt-port.js';
import { silentLog } from '../src/logging/logger.js';

const BASE = 'https://cds.example.org';
const PATH = '/cds-services/transfusion-mortality-risk';
const ISS = 'https://ehr.example.org';
const [WARM_UP, CHECKS, AT_ONCE] = [200, 1500, 16];

/** Bars of the project, p50 in ms. */
const BARS = { RS384: 1, ES384: 3 } as const;
type Algorithm = keyof typeof BARS;

interface Measured {
  readonly algorithm: Algorithm;
  readonly p50: number;
  readonly p95: number;
  readonly heldP50: number;
  readonly onLoopP50: number;
  readonly perSecond: number;
}

const results: Measured[] = [];
for (const algorithm of ['RS384', 'ES384'] as const) results.push(await measure(algorithm));
print();
if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'client-jwt', results }));

async function measure(algorithm: Algorithm): Promise<Measured> {
  const { privateKey, publicKey } =
    algorithm === 'RS384'
      ? generateKeyPairSync('rsa', { modulusLength: 3072 })
      : generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const check = portFor(algorithm, publicKey);
  const requests = (n: number): IncomingMessage[] =>
    Array.from({ length: n }, () => requestWith(tokenOf(algorithm, privateKey)));

  for (const request of requests(WARM_UP)) await check(request);
  const times: number[] = [];
  const prepared = requests(CHECKS);
  const held: number[] = [];
  for (const request of prepared) {
    // A turn of the loop of its own for each, as a request has.
    await new Promise((resolve) => setImmediate(resolve));
    const before = performance.eventLoopUtilization();
    const startMs = performance.now();
    await check(request);
    times.push(performance.now() - startMs);
    held.push(performance.eventLoopUtilization(before).active);
  }
  return {
    algorithm,
    ...quantiles(times),
    heldP50: quantiles(held).p50,
    onLoopP50: onLoop(algorithm, privateKey, publicKey),
    perSecond: await perSecond(check, requests(CHECKS)),
  };
}

function portFor(algorithm: Algorithm, publicKey: KeyObject): VerifyClientJwt {
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg: algorithm }] };
  const client = parseRegistration({ id: 'bench', iss: ISS, jwks }, { mode: 'production' });
  const seen = new Set<string>();
  return createClientJwtPort({
    registry: { findByIssuer: (iss) => Promise.resolve(iss === ISS ? client : undefined) },
    ledger: { claim: (iss, jti) => Promise.resolve(seen.size < seen.add(`${iss} ${jti}`).size) },
    clock: () => Date.now(),
    publicBaseUrl: BASE,
    mode: 'production',
    log: silentLog,
  });
}

function tokenOf(algorithm: Algorithm, key: KeyObject): string {
  const iat = Math.floor(Date.now() / 1000);
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: ISS, aud: `${BASE}${PATH}`, iat, exp: iat + 300, jti: randomUUID() };
  const input = `${encoded({ alg: algorithm, typ: 'JWT', kid: 'bench' })}.${encoded(claims)}`;
  return `${input}.${sign('sha384', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function requestWith(token: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.url = PATH;
  request.rawHeaders.push('Authorization', `Bearer ${token}`);
  request.headersDistinct['authorization'] = [`Bearer ${token}`];
  return request;
}

function onLoop(algorithm: Algorithm, key: KeyObject, publicKey: KeyObject): number {
  const [header = '', payload = '', signature = ''] = tokenOf(algorithm, key).split('.');
  const [input, bytes] = [Buffer.from(`${header}.${payload}`), Buffer.from(signature, 'base64url')];
  const times = Array.from({ length: WARM_UP * 2 }, () => {
    const startMs = performance.now();
    if (!verify('sha384', input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes)) throw new Error('not verified');
    return performance.now() - startMs;
  });
  return quantiles(times).p50;
}

/** Checks a second where several calls come at the same time. */
async function perSecond(check: VerifyClientJwt, requests: IncomingMessage[]): Promise<number> {
  const startMs = performance.now();
  const work = async (): Promise<void> => {
    for (let request = requests.pop(); request !== undefined; request = requests.pop()) await check(request);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return (CHECKS / (performance.now() - startMs)) * 1000;
}

function quantiles(times: readonly number[]): { readonly p50: number; readonly p95: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return { p50: at(0.5), p95: at(0.95) };
}

function print(): void {
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  for (const { algorithm, p50, p95, heldP50, onLoopP50, perSecond } of results) {
    const bar = p50 <= BARS[algorithm] ? 'within' : 'OVER';
    console.log(
      `${algorithm}: check p50 ${ms(p50)} (${bar} ${BARS[algorithm]} ms), p95 ${ms(p95)}; event loop held p50 ${ms(heldP50)}; verify on the loop p50 ${ms(onLoopP50)}; ${Math.round(perSecond)} checks/s at ${AT_ONCE} at once`,
    );
  }
}
