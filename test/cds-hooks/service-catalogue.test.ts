import { describe, expect, it } from '@jest/globals';
import { discoveryDocument, findService } from '../../src/cds-hooks/discovery.js';
import { parsedPrefetchTemplates } from '../../src/cds-hooks/prefetch-template.js';
import { loadServiceCatalogue, parseServiceCatalogue } from '../../src/cds-hooks/service-catalogue.js';
import { grantsRead } from '../../src/cds-hooks/smart-scopes.js';
import { testCatalogue } from '../support/catalogue.js';

const [service] = testCatalogue.services;
const withService = (changes: object) => ({ services: [{ ...service, ...changes }] });

describe('the discovery document', () => {
  it('of the project is well formed: hook, id, description, title, version, templates (req. 7–11)', () => {
    const [own, ...others] = discoveryDocument(loadServiceCatalogue()).services;
    expect(others).toEqual([]);
    expect(own).toMatchObject({ hook: 'order-sign', id: 'transfusion-mortality-risk' });
    expect(own?.title).toBeDefined();
    expect(own?.version).toBe('2.0.1');
    expect(own?.hookVersion).toBe('1.0');
  });

  it('of the project has nine templates that every client can run (req. 20–23)', () => {
    expect(
      [...parsedPrefetchTemplates()].map(([key, { kind, resourceType }]) => `${key}: ${kind} ${resourceType}`),
    ).toEqual([
      'patient: read Patient',
      'encounters: search Encounter',
      'labs: search Observation',
      'vitals: search Observation',
      'bedside: search Observation',
      'administrations: search MedicationAdministration',
      'procedures: search Procedure',
      'conditions: search Condition',
      'notes: search DocumentReference',
    ]);
  });

  it('of the project says for each template which scope it needs, as SMART v2 and as v1 (req. 9, 30)', () => {
    const [own] = discoveryDocument(loadServiceCatalogue()).services;
    const clauses = (own?.usageRequirements ?? '').split(/[.;:] /);
    for (const [key, { kind, resourceType }] of parsedPrefetchTemplates()) {
      const at = clauses.findIndex((clause) => clause.split(', ').includes(key));
      const scopes = clauses[at + 1]?.match(/patient\/\w+\.\w+/g) ?? [];
      expect([key, scopes.slice(0, 2)]).toEqual([key, [`patient/${resourceType}.rs`, `patient/${resourceType}.read`]]);
      for (const scope of scopes.slice(0, 2)) {
        expect(grantsRead(scope, resourceType, { interaction: kind === 'read' ? 'read' : 'search' })).toBe(true);
      }
    }
  });

  it('may list no service (req. 6)', () => {
    expect(parseServiceCatalogue({ services: [] })).toEqual({ services: [] });
  });

  it('finds a service by its id alone', () => {
    expect(findService(testCatalogue, 'transfusion-mortality-risk')).toBe(service);
    expect(findService(testCatalogue, '__proto__')).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['no services', {}],
    ['a service without a hook (req. 7)', withService({ hook: undefined })],
    ['a service without a description (req. 7)', withService({ description: '' })],
    ['an id that would need escaping in a URL', withService({ id: 'a/b' })],
    ['a template that is not text (req. 9)', withService({ prefetch: { patient: 1 } })],
    [
      'a template with a token order-sign does not offer (req. 21)',
      withService({ prefetch: { x: 'Patient/{{context.draftOrders}}' } }),
    ],
    ['a version that is not a semantic version (req. 10)', withService({ version: '2.0' })],
    ['an empty member (req. 2)', withService({ prefetch: {} })],
    ['one id twice (req. 12)', { services: [service, service] }],
  ])('bad call: with %s stops the start', (_, value) => {
    const json: unknown = JSON.parse(JSON.stringify(value));
    expect(() => parseServiceCatalogue(json)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }));
  });

  it('bad call: that is not there stops the start', () => {
    expect(() => loadServiceCatalogue('/nowhere/cds-services.json')).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    );
  });
});
