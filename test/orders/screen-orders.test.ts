import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ServiceError } from '../../src/errors/service-error.js';
import { loadBloodProductTable } from '../../src/orders/blood-product-table.js';
import { screenOrders, type ScreeningOutcome } from '../../src/orders/screen-orders.js';
import type { BloodOrder } from '../../src/record/patient-record.js';
import { CPT, PATIENT_ID, SCT, bundleOf, drafts, medicationRequest, serviceRequest } from './draft-orders.js';

const table = loadBloodProductTable();
const screen = (...resources: Record<string, unknown>[]): ScreeningOutcome =>
  screenOrders(drafts(...resources), PATIENT_ID, table);

function bloodOrders(outcome: ScreeningOutcome): readonly BloodOrder[] {
  expect(outcome.kind).toBe('blood');
  return outcome.kind === 'blood' ? outcome.orders : [];
}
const productsOf = (...resources: Record<string, unknown>[]): readonly (readonly string[])[] =>
  bloodOrders(screen(...resources)).map(({ products }) => products);

const RED_CELLS = { system: SCT, code: '116863004' };
const GENERIC = { system: SCT, code: '116859006' };

describe('codes decide', () => {
  test.each([
    [SCT, '116863004', 'rbc'],
    [SCT, '71493000', 'rbc'],
    [SCT, '12719002', 'platelets'],
    [SCT, '116861002', 'plasma'],
    [SCT, '116795008', 'cryo'],
    [SCT, '33389009', 'whole-blood'],
    [CPT, '86950', 'granulocytes'],
    ['http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', 'P9016', 'rbc'],
    ['urn:oid:2.16.840.1.113883.6.285', 'P9035', 'platelets'],
    ['https://www.cms.gov/Medicare/Coding/MedHCPCSGenInfo', 'P9017', 'plasma'],
    ['http://terminology.hl7.org/CodeSystem/v2-0426', 'PLTPH', 'platelets'],
    ['http://hl7.org/fhir/v2/0426', 'PC', 'rbc'],
    [`${SCT}|http://snomed.info/sct/731000124108`, '116863004', 'rbc'],
  ])('%s %s is an order for %s', (system, code, product) => {
    expect(productsOf(serviceRequest({ system, code }))).toEqual([[product]]);
  });

  test.each([
    ['Apheresis PLATELETS|ACD-A/XX/20-24C|Irradiated', 'platelets'],
    ['RED BLOOD CELLS|CPD>AS1/500mL/refg|ResLeu:<5E6', 'rbc'],
    ['FRESH FROZEN PLASMA|CPD/XX/<=-18C', 'plasma'],
    ['CRYOPRECIPITATE|NS/XX/<=-18C|Pooled', 'cryo'],
    ['PLATELET RICH PLASMA|CPD/450mL/20-24C', 'platelets'],
  ])('an ISBT 128 product is told by the start of its description: %s', (display, product) => {
    const coding = { system: 'https://iccbba.org/standardterminology', code: 'E7003V00', display };
    expect(productsOf(serviceRequest(coding))).toEqual([[product]]);
  });

  test('an ISBT 128 blood component without description is a blood product, unspecified', () => {
    const [order] = bloodOrders(
      screen(serviceRequest({ system: 'https://iccbba.org/standardterminology', code: 'E0336' })),
    );
    expect(order).toMatchObject({ products: [], unspecified: true });
  });

  test('a generic transfusion order fires without naming a product', () => {
    const [order] = bloodOrders(screen(serviceRequest(GENERIC)));
    expect(order).toEqual({ products: [], unspecified: true, reference: 'ServiceRequest/draft-1' });
  });

  test('the particular product beats the generic code beside it', () => {
    const [order] = bloodOrders(screen(serviceRequest([GENERIC, RED_CELLS])));
    expect(order?.products).toEqual(['rbc']);
    expect(order?.unspecified).toBeUndefined();
  });

  test('one order may name several products, whatever their order', () => {
    const plasma = { system: SCT, code: '116861002' };
    expect(productsOf(serviceRequest([plasma, RED_CELLS]))).toEqual([['rbc', 'plasma']]);
    expect(productsOf(serviceRequest([RED_CELLS, plasma]))).toEqual([['rbc', 'plasma']]);
  });

  test('orderDetail names the product of a generic order, as a list or as a single object', () => {
    const detail = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0426', code: 'FFP' }] };
    expect(productsOf(serviceRequest(GENERIC, { orderDetail: [detail] }))).toEqual([['plasma']]);
    expect(productsOf(serviceRequest(GENERIC, { orderDetail: detail }))).toEqual([['plasma']]);
  });

  test('a wrong display does not change what a known code means', () => {
    const coding = { system: SCT, code: '71493000', display: 'Automated red cell exchange, platelets, plasma' };
    expect(productsOf(serviceRequest(coding))).toEqual([['rbc']]);
  });

  test.each([
    ['type and screen', CPT, '86850'],
    ['crossmatch', CPT, '86923'],
    ['albumin', SCT, '116865006'],
    ['an exchange transfusion', CPT, '36450'],
    ['an unlisted transfusion medicine procedure', CPT, '86999'],
    ['a patient blood group', 'http://loinc.org', '883-9'],
    ['an ICD-10-PCS procedure, which codes what was done', 'http://www.cms.gov/Medicare/Coding/ICD10', '30233N1'],
  ])('%s is no blood product order, whatever its words say', (_what, system, code) => {
    const coding = { system, code, display: 'Transfusion of red blood cells' };
    expect(screen(serviceRequest(coding))).toEqual({ kind: 'not-blood', textOnly: [] });
  });

  test('the same code in another system means nothing', () => {
    expect(screen(serviceRequest({ system: 'http://example.org/local', code: '116863004' })).kind).toBe('not-blood');
  });
});

describe('where the product stands', () => {
  const packedCells = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0426', code: 'PC' }] };

  test('a medication concept', () => {
    expect(productsOf(medicationRequest({ medicationCodeableConcept: packedCells }))).toEqual([['rbc']]);
  });

  test('a contained Medication', () => {
    const order = medicationRequest({
      contained: [{ resourceType: 'Medication', id: 'med', code: packedCells }],
      medicationReference: { reference: '#med' },
    });
    expect(productsOf(order)).toEqual([['rbc']]);
  });

  test.each([
    ['its id', 'Medication/m1'],
    ['an absolute reference', 'https://ehr.example.org/fhir/Medication/m1'],
    ['the fullUrl of its entry', 'urn:uuid:5c8f4d7e-0000-4000-8000-000000000001'],
  ])('a Medication elsewhere in the Bundle, by %s', (_by, reference) => {
    const bundle = bundleOf([
      { resource: medicationRequest({ medicationReference: { reference } }) },
      {
        fullUrl: 'urn:uuid:5c8f4d7e-0000-4000-8000-000000000001',
        resource: { resourceType: 'Medication', id: 'm1', code: packedCells },
      },
    ]);
    expect(bloodOrders(screenOrders(bundle, PATIENT_ID, table))[0]?.products).toEqual(['rbc']);
  });

  test('a Medication that is not in the Bundle is not looked up: only its words are left', () => {
    const order = medicationRequest({
      medicationReference: { reference: 'Medication/x', display: 'Packed red cells' },
    });
    expect(screen(order)).toEqual({ kind: 'not-blood', textOnly: ['MedicationRequest/request-123'] });
  });
});

describe('what clients really send', () => {
  test('the reference sandbox: no Bundle.type, no intent, category as an object', () => {
    const order = medicationRequest({
      category: { coding: [{ code: 'community' }] },
      medicationCodeableConcept: {
        coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '313782' }],
      },
    });
    const untyped = bundleOf([{ resource: order }]);
    Reflect.deleteProperty(untyped, 'type');
    expect(screenOrders(untyped, PATIENT_ID, table)).toEqual({ kind: 'not-blood', textOnly: [] });
  });

  test.each([
    ['nothing', undefined],
    ['a string', 'x'],
    ['empty entries', [{}, null, { resource: null }, { resource: 'x' }, 7]],
    ['codes of the wrong type', [{ resource: serviceRequest({ system: 7, code: ['x'] }) }]],
    ['a code that is a list', [{ resource: serviceRequest(undefined, { code: [1, 2] }) }]],
  ])('entries holding %s are tolerated', (_what, entry) => {
    expect(screenOrders(bundleOf(entry), PATIENT_ID, table).kind).toBe('not-blood');
  });

  test('an order without id is named by its fullUrl or by its place', () => {
    const anonymous = serviceRequest(RED_CELLS);
    delete anonymous['id'];
    const bundle = bundleOf([{ resource: anonymous }, { fullUrl: 'urn:uuid:a', resource: anonymous }]);
    expect(bloodOrders(screenOrders(bundle, PATIENT_ID, table)).map(({ reference }) => reference)).toEqual([
      'draftOrders.entry[0]',
      'urn:uuid:a',
    ]);
  });

  test('any JSON is answered, never crashed on', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.jsonValue(), (entry, code) => {
        const outcome = screenOrders(
          bundleOf([...entry, { resource: serviceRequest(undefined, { code }) }]),
          PATIENT_ID,
          table,
        );
        return outcome.kind === 'not-blood';
      }),
      { numRuns: 300 },
    );
  });
});

describe('what counts as being ordered', () => {
  test.each(['entered-in-error', 'revoked', 'completed', 'cancelled', 'stopped'])(
    'status %s is no signing',
    (status) => {
      expect(screen(serviceRequest(RED_CELLS, { status })).kind).toBe('not-blood');
    },
  );

  test.each(['draft', 'active', 'on-hold', undefined])('status %s is: revised orders are signed again', (status) => {
    expect(screen(serviceRequest(RED_CELLS, { status })).kind).toBe('blood');
  });

  test('a proposal and an option are no orders; a plan is, unless the site says otherwise', () => {
    expect(screen(serviceRequest(RED_CELLS, { intent: 'proposal' })).kind).toBe('not-blood');
    expect(screen(serviceRequest(RED_CELLS, { intent: 'option' })).kind).toBe('not-blood');
    expect(screen(serviceRequest(RED_CELLS, { intent: 'plan' })).kind).toBe('blood');
    const strict = loadBloodProductTable(undefined, { ignoredIntents: ['plan'] });
    expect(screenOrders(drafts(serviceRequest(RED_CELLS, { intent: 'plan' })), PATIENT_ID, strict).kind).toBe(
      'not-blood',
    );
  });

  test('"do not transfuse" is no transfusion order', () => {
    expect(screen(serviceRequest(RED_CELLS, { doNotPerform: true })).kind).toBe('not-blood');
  });

  test('several orders give one list, with the time of each (req. 78)', () => {
    const outcome = screen(
      serviceRequest(RED_CELLS, { id: 'a', authoredOn: '2026-11-23T10:00:00Z' }),
      serviceRequest({ system: CPT, code: '86850' }, { id: 'b', authoredOn: '2026-11-23T12:00:00Z' }),
      serviceRequest({ system: SCT, code: '12719002' }, { id: 'c', authoredOn: '2026-11-23T11:00:00Z' }),
    );
    expect(outcome).toEqual({
      kind: 'blood',
      orders: [
        { products: ['rbc'], reference: 'ServiceRequest/a' },
        { products: ['platelets'], reference: 'ServiceRequest/c' },
      ],
      authoredOn: ['2026-11-23T10:00:00Z', '2026-11-23T11:00:00Z'],
      textOnly: [],
    });
  });
});

describe('units and urgency', () => {
  const units = (quantityQuantity: unknown): number | undefined =>
    bloodOrders(screen(serviceRequest(RED_CELLS, { quantityQuantity })))[0]?.orderedUnits;

  test.each([
    [{ value: 2, unit: 'unit', system: 'http://unitsofmeasure.org', code: '{unit}' }, 2],
    [{ value: 4, unit: 'Units' }, 4],
    [{ value: 1, unit: 'U' }, 1],
    [{ value: 350, unit: 'mL', system: 'http://unitsofmeasure.org', code: 'mL' }, undefined],
    [{ value: 10, unit: 'mL/kg' }, undefined],
    [{ value: 500, unit: 'U', system: 'http://unitsofmeasure.org', code: 'U' }, undefined],
    [{ value: 2 }, undefined],
    [{ value: 2, unit: 'unit', comparator: '>' }, undefined],
    [{ value: -1, unit: 'unit' }, undefined],
    ['2 units', undefined],
  ])('a quantity of %j is %s units', (quantity, expected) => {
    expect(units(quantity)).toBe(expected);
  });

  test('a drug-shaped order says its units in the dispense request or the single dose', () => {
    const medicationCodeableConcept = {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0426', code: 'PLT' }],
    };
    const dose = { doseAndRate: [{ doseQuantity: { value: 3, unit: 'unit' } }] };
    const one = medicationRequest({ medicationCodeableConcept, dosageInstruction: [dose] });
    const two = medicationRequest({
      medicationCodeableConcept,
      dispenseRequest: { quantity: { value: 1, unit: 'bag' } },
    });
    expect(bloodOrders(screen(one, two)).map(({ orderedUnits }) => orderedUnits)).toEqual([3, 1]);
  });

  test('priority is the urgency; an unknown word is left out', () => {
    expect(bloodOrders(screen(serviceRequest(RED_CELLS, { priority: 'stat' })))[0]?.urgency).toBe('stat');
    expect(bloodOrders(screen(serviceRequest(RED_CELLS, { priority: 'soon' })))[0]).not.toHaveProperty('urgency');
  });
});

describe('bad call: another patient', () => {
  const order = (reference: unknown): Record<string, unknown> =>
    serviceRequest({ system: CPT, code: '99999' }, { subject: { reference } });
  const refusal = (run: () => unknown): ServiceError => {
    try {
      run();
    } catch (error) {
      if (error instanceof ServiceError) return error;
    }
    throw new Error('was not refused');
  };

  test.each(['Patient/other', 'https://ehr.example.org/fhir/Patient/other', 'Group/syn-1', '#p', 'urn:uuid:unknown'])(
    'bad call: an order about %s is refused with 400, naming the element and no id (req. 28)',
    (reference) => {
      const error = refusal(() => screen(serviceRequest(RED_CELLS), order(reference)));
      expect(error.status).toBe(400);
      expect(error.expression).toBe('context.draftOrders.entry[1].resource.subject.reference');
      expect(error.message).not.toMatch(/other|syn-1/);
    },
  );

  test.each([
    `Patient/${PATIENT_ID}`,
    `https://ehr.example.org/fhir/Patient/${PATIENT_ID}`,
    `Patient/${PATIENT_ID}/_history/3`,
  ])('%s is the context patient', (reference) => {
    expect(screen(order(reference)).kind).toBe('not-blood');
  });

  test('a Patient entry of the Bundle may be named by its fullUrl', () => {
    const bundle = bundleOf([
      { fullUrl: 'urn:uuid:p', resource: { resourceType: 'Patient', id: PATIENT_ID } },
      { resource: order('urn:uuid:p') },
    ]);
    expect(screenOrders(bundle, PATIENT_ID, table).kind).toBe('not-blood');
  });

  test('an order without subject is about the context patient', () => {
    expect(screen(serviceRequest(RED_CELLS, { subject: undefined })).kind).toBe('blood');
    expect(screen(serviceRequest(RED_CELLS, { subject: { display: 'x' } })).kind).toBe('blood');
  });
});

describe('words alone', () => {
  const local = (display: string): Record<string, unknown> =>
    serviceRequest({ system: 'urn:oid:1.2.840.114350.1.13.0.2.7.2.696580', code: '1', display });

  test.each([
    'TRANSFUSE RBC',
    'PREPARE RBC, 2 Units',
    'Packed red cells',
    'Platelets',
    'Platelet pheresis, single donor',
    'Fresh frozen plasma',
    'Cryoprecipitate pooled',
    'Low titer whole blood 1 unit',
    'Massive transfusion protocol',
  ])('"%s" is reported and does not fire', (display) => {
    expect(screen(local(display))).toEqual({ kind: 'not-blood', textOnly: ['ServiceRequest/draft-1'] });
  });

  test.each([
    'Type and screen',
    'Type & crossmatch 2 units',
    'Crossmatch only',
    'Antibody screen, red cells',
    'Direct antiglobulin test',
    'Transfusion reaction workup',
    'Autologous donation',
    'Therapeutic phlebotomy 1 unit',
    'Blood culture x2',
    'Cord blood gas',
    'Plasma metanephrines',
    'Platelet count',
    'Platelet function assay',
    'Platelet aggregation',
    'Transfusion medicine consult',
    'Plasma-Lyte 1000 mL, give over 2 h',
    'Red cell distribution width',
    'Whole blood glucose',
    'Albumin human 5 %, infuse',
    'Acetaminophen 325 MG Oral Tablet',
  ])('"%s" is neither reported nor fired', (display) => {
    expect(screen(local(display))).toEqual({ kind: 'not-blood', textOnly: [] });
  });

  test('where the site lets text fire, the order is scored as unspecified and marked', () => {
    const firing = loadBloodProductTable(undefined, { textOnly: 'fire' });
    expect(screenOrders(drafts(local('TRANSFUSE RBC')), PATIENT_ID, firing)).toEqual({
      kind: 'blood',
      orders: [{ products: [], unspecified: true, matchedBy: 'text', reference: 'ServiceRequest/draft-1' }],
      authoredOn: ['2026-11-23T10:00:00Z'],
      textOnly: ['ServiceRequest/draft-1'],
    });
  });

  test('beside a coded order a text-only one is named and not counted', () => {
    const outcome = screen(serviceRequest(RED_CELLS), { ...local('TRANSFUSE PLASMA'), id: 'draft-2' });
    expect(outcome).toMatchObject({ kind: 'blood', textOnly: ['ServiceRequest/draft-2'] });
    expect(bloodOrders(outcome)).toHaveLength(1);
  });
});
