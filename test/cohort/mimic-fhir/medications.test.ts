import { describe, expect, test } from '@jest/globals';
import { medicationForScreening, slimRequest } from '../../../src/cohort/sources/mimic-fhir/medications.js';
import { loadBloodProductTable } from '../../../src/orders/blood-product-table.js';

const table = loadBloodProductTable();
const SNOMED = 'http://snomed.info/sct';

describe('what a scan keeps in memory', () => {
  test.each<[string, unknown, boolean]>([
    ['a code of a blood product', { coding: [{ system: SNOMED, code: '116861002' }] }, true],
    ['words that name one', { text: 'Packed red blood cells' }, true],
    ['another drug', { coding: [{ system: SNOMED, code: '387173000', display: 'Heparin' }] }, false],
    ['no code', undefined, false],
  ])('a Medication with %s', (_, code, isKept) => {
    const medication = { resourceType: 'Medication', id: 'm', code, ingredient: [{ itemCodeableConcept: {} }] };
    const kept = isKept ? { resourceType: 'Medication', id: 'm', code } : undefined;
    expect(medicationForScreening(medication, table)).toEqual(kept);
  });

  test('of a request that waits for its Medication, nothing that no order is read from', () => {
    const request = {
      resourceType: 'MedicationRequest',
      id: 'r',
      status: 'completed',
      intent: 'order',
      authoredOn: '2024-03-04T10:00:00+01:00',
      subject: { reference: 'Patient/p1' },
      encounter: { reference: 'Encounter/e1' },
      medicationReference: { reference: 'Medication/m' },
      priorPrescription: { reference: 'MedicationRequest/q' },
    };
    const whole = {
      ...request,
      dosageInstruction: [{ text: 'as needed' }],
      dispenseRequest: {},
      note: [{ text: 'x' }],
    };
    expect(JSON.parse(JSON.stringify(slimRequest(whole)))).toEqual(request);
  });
});
