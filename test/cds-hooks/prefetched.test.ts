import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resolvePrefetched } from '../../src/cds-hooks/prefetched.js';

const lab = { resourceType: 'Observation', id: 'o1', status: 'final' };
const outcome = (...severities: string[]) => ({
  resourceType: 'OperationOutcome',
  issue: severities.map((severity) => ({ severity, code: 'processing' })),
});
const bundle = (resources: readonly unknown[], more: object = {}) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: resources.map((resource) => ({ resource })),
  ...more,
});
const next = {
  link: [
    { relation: 'self', url: 'x' },
    { relation: 'next', url: 'https://ehr.example/fhir?page=2' },
  ],
};

describe('a prefetch key (req. 24)', () => {
  it.each<[string, unknown, string]>([
    ['that is not in the request was not attempted', undefined, 'absent'],
    ['of null was answered with no data', null, 'empty'],
    ['with a resource is data', { resourceType: 'Patient', id: 'syn-1' }, 'data'],
    ['with a searchset is data', bundle([lab]), 'data'],
    ['with a first page is data (req. 27)', bundle([lab], next), 'data'],
    ['with an empty first page is data still to come', bundle([], next), 'data'],
    ['with a Bundle without entries was answered with no data', bundle([]), 'empty'],
    ['with a Bundle that has no entry member was answered with no data', { resourceType: 'Bundle', total: 0 }, 'empty'],
    ['with an OperationOutcome failed at the client', outcome('error'), 'failed'],
    ['with an OperationOutcome that only informs still has no data', outcome('information'), 'failed'],
    ['with an OperationOutcome entry failed at the client', bundle([outcome('error')]), 'failed'],
    ['with a fatal OperationOutcome beside data failed', bundle([lab, outcome('fatal')]), 'failed'],
    ['with an OperationOutcome entry of no severity failed', bundle([{ resourceType: 'OperationOutcome' }]), 'failed'],
    ['with data and a warning is data', bundle([lab, outcome('warning', 'information')]), 'data'],
    ['with data, a warning and an error failed', bundle([lab, outcome('warning', 'error')]), 'failed'],
    ['with a warning and nothing else was answered with no data', bundle([outcome('warning')]), 'empty'],
    ['that counts matches and holds none was not answered', { resourceType: 'Bundle', total: 3 }, 'absent'],
    [
      'whose entries hold no resource was not answered',
      { resourceType: 'Bundle', entry: [{ fullUrl: 'x' }] },
      'absent',
    ],
  ])('%s', (_, value, kind) => {
    expect(resolvePrefetched(value, 'prefetch.labs').kind).toBe(kind);
  });

  it('of data is handed on as it came', () => {
    const value = bundle([lab], next);
    expect(resolvePrefetched(value, 'prefetch.labs')).toEqual({ kind: 'data', resource: value });
  });

  it('has the same state whatever the order of its entries', () => {
    const resources = fc.array(fc.constantFrom(lab, outcome('warning'), outcome('error'), outcome('information')));
    fc.assert(
      fc.property(resources, (list) => {
        const state = (entries: readonly unknown[]) => resolvePrefetched(bundle(entries), 'prefetch.labs').kind;
        expect(state([...list].reverse())).toBe(state(list));
      }),
    );
  });
});
