import { afterEach, describe, expect, test } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import {
  createFhirBases,
  fhirBasesOf,
  type FhirBases,
  type FhirBasesOptions,
} from '../../../src/fhir/bases/fhir-bases.js';
import { loadConfig } from '../../../src/config/config.js';
import { gatherChart, type GatherOptions } from '../../../src/fhir/gather-chart.js';
import { startFhirStub, type FhirStub } from '../../support/fhir-stub.js';
import { hookCall, options, smallChart } from '../chart-calls.js';

const closing: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((one) => one.close()));
});

async function server(): Promise<FhirStub> {
  const stub = await startFhirStub(smallChart);
  closing.push(stub);
  return stub;
}

function basesWith(given: Partial<FhirBasesOptions>): FhirBases {
  const bases = createFhirBases(given);
  closing.push(bases);
  return bases;
}

const addresses = (...list: readonly string[]): LookupAddress[] =>
  list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

/** Reads a chart at `host` (the stub's port), where that name leads to what `lookup` says. */
async function chartAt(
  host: string,
  port: string,
  given: Partial<FhirBasesOptions>,
  more: Partial<GatherOptions> = {},
) {
  const fhirServer = `http://${host}:${port}/fhir`;
  return gatherChart(hookCall({ fhirServer }), {
    ...options,
    mode: 'sandbox',
    allowedBases: [fhirServer],
    bases: basesWith(given),
    ...more,
  });
}

const leadsTo =
  (...list: readonly string[]) =>
  (): Promise<LookupAddress[]> =>
    Promise.resolve(addresses(...list));
const LOOPBACK = leadsTo('127.0.0.1');

describe('where a host name may lead (req. 19)', () => {
  test.each([
    ['a loopback address', '127.0.0.1'],
    ['a private address', '10.20.30.40'],
    ['a link-local address, where clouds keep credentials', '169.254.169.254'],
    ['the same, mapped into IPv6', '::ffff:169.254.169.254'],
    ['an unspecified address', '0.0.0.0'],
    ['one public and one private address', '8.8.8.8', '10.0.0.1'],
    ['no address'],
  ])('fault: a listed name that leads to %s is not called', async (_, ...found) => {
    const stub = await server();
    const lookup = leadsTo(...found);
    const { chart, report } = await chartAt('ehr.example.org', new URL(stub.origin).port, { lookup });
    expect(stub.requests).toHaveLength(0);
    expect(chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'no-access' });
    expect(report.flags['address-refused']).toBeGreaterThan(0);
  });

  test('a private network is called where the operator allows it, and the connection goes to the address that was checked', async () => {
    const stub = await server();
    const { chart } = await chartAt('ehr.example.org', new URL(stub.origin).port, {
      lookup: LOOPBACK,
      privateNetworksAllowed: true,
    });
    expect(chart.sources.labs.coverage.kind).toBe('covered');
    expect(stub.requests[0]?.headers.host).toMatch(/^ehr\.example\.org:/);
  });

  test('fault: metadata addresses stay closed where private networks are allowed', async () => {
    const stub = await server();
    for (const address of ['169.254.169.254', 'fd00:ec2::254', '64:ff9b::a9fe:a9fe']) {
      const { report } = await chartAt('ehr.example.org', new URL(stub.origin).port, {
        lookup: leadsTo(address),
        privateNetworksAllowed: true,
      });
      expect(report.flags['address-refused']).toBeGreaterThan(0);
    }
  });

  test('fault: a name that leads elsewhere at its second resolution (DNS rebinding) is checked again, for each connection', async () => {
    const stub = await server();
    let asked = 0;
    const lookup = (): Promise<LookupAddress[]> => {
      asked += 1;
      return Promise.resolve(addresses(asked === 1 ? '127.0.0.1' : '169.254.169.254'));
    };
    const { chart } = await chartAt('ehr.example.org', new URL(stub.origin).port, {
      lookup,
      privateNetworksAllowed: true,
    });
    expect(asked).toBeGreaterThan(1);
    expect(stub.requests.length).toBeGreaterThan(0);
    expect(Object.values(chart.sources).some(({ coverage }) => coverage.kind === 'unavailable')).toBe(true);
  });

  test.each(['127.0.0.1', 'localhost'])('%s is called outside production, as the URL itself says so', async (host) => {
    const stub = await server();
    const { port } = new URL(stub.origin);
    const lookup = LOOPBACK;
    const open = await chartAt(host, port, { ...fhirBasesOf(loadConfig({})), readsCapabilities: false, lookup });
    expect(open.chart.sources.labs.coverage.kind).toBe('covered');
    const production = fhirBasesOf(loadConfig({ HEMOLENS_MODE: 'production' }));
    const closed = await chartAt(host, port, { ...production, lookup });
    expect(closed.report.flags['address-refused']).toBeGreaterThan(0);
  });

  test.each(['0.0.0.0', '[::ffff:127.0.0.1]', '[::]', '2130706433', '0x7f000001'])(
    'fault: %s, another way to write an own address, is not called for the asking',
    async (host) => {
      const stub = await server();
      const { report, chart } = await chartAt(host, new URL(stub.origin).port, { loopbackAllowed: false });
      expect(stub.requests).toHaveLength(0);
      expect(chart.sources.labs.coverage.kind).toBe('unavailable');
      expect(report.flags['address-refused']).toBeGreaterThan(0);
    },
  );

  test('fault: a name that cannot be resolved is a server that failed', async () => {
    const lookup = (): Promise<LookupAddress[]> => Promise.reject(new Error('ENOTFOUND'));
    const { chart } = await chartAt('ehr.example.org', '1', { lookup });
    expect(chart.sources.labs.coverage).toEqual({ kind: 'unavailable', reason: 'upstream-error' });
  });
});
