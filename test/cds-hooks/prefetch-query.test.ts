import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fillPrefetchTemplate, parsePrefetchTemplate, templatePath } from '../../src/cds-hooks/prefetch-query.js';

const context = { userId: 'Practitioner/p-1', patientId: 'syn-1' };
const path = (text: string, from: { userId: string; patientId: string; encounterId?: string } = context): string => {
  const filled = fillPrefetchTemplate(parsePrefetchTemplate(text), from);
  return filled.kind === 'filled' ? templatePath(filled.template) : `unresolved ${filled.token}`;
};

describe('a prefetch template', () => {
  it.each([
    ['Patient/{{context.patientId}}', 'Patient/syn-1'],
    ['Encounter?patient={{context.patientId}}&_sort=-date&_count=10', 'Encounter?patient=syn-1&_sort=-date&_count=10'],
    ['Observation?patient={{context.patientId}}&code=718-7,2524-7', 'Observation?patient=syn-1&code=718-7,2524-7'],
    ['Practitioner/{{userPractitionerId}}', 'Practitioner/p-1'],
    ['Encounter/{{context.encounterId}}', 'unresolved context.encounterId'],
    ['PractitionerRole/{{userPractitionerRoleId}}', 'unresolved userPractitionerRoleId'],
    [
      'Observation?patient={{context.patientId}}&code=http://loinc.org|718-7',
      'Observation?patient=syn-1&code=http%3A%2F%2Floinc.org%7C718-7',
    ],
  ])('%s is run as %s', (template, want) => {
    expect(path(template)).toBe(want);
  });

  it('fills the encounter where the client names one', () => {
    expect(path('Encounter/{{context.encounterId}}', { ...context, encounterId: 'e-1' })).toBe('Encounter/e-1');
  });

  it('lets no value of the context become a second value, parameter or path', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary-ascii' }), (patientId) => {
        const search = new URL(
          path('Observation?patient={{context.patientId}}&_count=1', { ...context, patientId }),
          'http://x/fhir/',
        );
        expect([...search.searchParams.keys()]).toEqual(['patient', '_count']);
        expect(search.searchParams.get('patient')?.replace(/\\(.)/gs, '$1')).toBe(patientId);
        expect(search.searchParams.get('patient')?.replace(/\\./gs, '')).not.toContain(',');
        expect(path('Patient/{{context.patientId}}', { ...context, patientId }).split(/[/?#]/)).toHaveLength(2);
      }),
    );
  });

  it.each([
    ['a token that order-sign does not offer (req. 21)', 'Observation?patient={{context.draftOrders.subject}}'],
    ['a FHIRPath token (req. 22)', 'Observation?patient={{context.patientId}}&date=ge{{today()}}'],
    ['_include (req. 23)', 'Observation?patient={{context.patientId}}&_include=Observation:subject'],
    ['chaining (req. 23)', 'Observation?subject.name=x'],
    ['_has (req. 23)', 'Patient?_has:Observation:patient:code=1'],
    ['the modifier :not (req. 23)', 'Observation?status:not=final'],
    ['a parameter given twice, which the reference client joins', 'Observation?date=ge2026-01-01&date=le2026-02-01'],
    ['no type', '?patient=1'],
    ['a parameter without a value', 'Observation?patient='],
    ['a stray brace', 'Patient/{context.patientId}'],
  ])('bad call: with %s is refused at start', (_, template) => {
    expect(() => parsePrefetchTemplate(template)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }));
  });
});
