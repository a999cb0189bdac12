import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HookRequest } from '../../src/cds-hooks/hook-request.js';
import { parseHookRequest } from '../../src/cds-hooks/parse-hook-request.js';
import { prefetchTemplates } from '../../src/cds-hooks/prefetch-template.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { testCatalogue } from '../support/catalogue.js';
import { fhirAuthorization, hookBody, hookContext, without } from '../support/hook-body.js';

const templates = prefetchTemplates(testCatalogue);
const parse = (body: unknown): HookRequest => parseHookRequest(body, templates);

function fault(body: unknown): ServiceError {
  try {
    parse(body);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

const FHIR_SERVER = 'http://127.0.0.1:8080/fhir';

describe('the invariants of a request', () => {
  it('bad call: fhirAuthorization without fhirServer is refused, fhirServer alone is not (cds-r-1)', () => {
    expect(fault(hookBody({ fhirAuthorization: fhirAuthorization() }))).toMatchObject({
      status: 400,
      expression: 'fhirServer',
    });
    expect(parse(hookBody({ fhirServer: FHIR_SERVER })).fhirAuthorization).toBeUndefined();
  });

  it('patient scopes with the patient are read, without it the call is taken all the same, as a SHOULD allows (cds-r-2)', () => {
    const authorized = (changes: object): HookRequest =>
      parse(hookBody({ fhirServer: FHIR_SERVER, fhirAuthorization: fhirAuthorization({ ...changes }) }));
    expect(authorized({ patient: 'syn-1' }).fhirAuthorization?.patient).toBe('syn-1');
    expect(authorized({}).fhirAuthorization).toMatchObject({ scope: expect.stringContaining('patient/') });
  });
});

describe('an order-sign request', () => {
  it('is read with its context, server and authorization (req. 16)', () => {
    const request = parse(hookBody({ fhirServer: `${FHIR_SERVER}/`, fhirAuthorization: fhirAuthorization() }));
    expect(request.hook).toBe('order-sign');
    expect(request.context).toMatchObject({
      userId: 'Practitioner/syn-clinician',
      patientId: 'syn-1',
      encounterId: 'syn-enc',
    });
    expect(request.fhirServer).toBe(FHIR_SERVER);
    expect(request.fhirAuthorization).toEqual({
      accessToken: 'synthetic-token',
      tokenType: 'Bearer',
      expiresInSeconds: 300,
      scope: 'patient/Patient.read patient/Observation.read',
      subject: 'hemolens',
    });
  });

  it('as the reference sandbox sends it is accepted: no Bundle.type, no intent, no encounter, category as an object', () => {
    const draftOrders = {
      resourceType: 'Bundle',
      entry: [
        {
          resource: {
            resourceType: 'MedicationRequest',
            id: 'request-123',
            status: 'draft',
            subject: { reference: 'Patient/syn-1' },
            authoredOn: '2026-11-23',
            category: { coding: [{ code: 'community' }] },
          },
        },
      ],
    };
    const body = hookBody({ fhirServer: FHIR_SERVER, context: without(hookContext({ draftOrders }), 'encounterId') });
    expect(parse(body).context.draftOrders).toBe(draftOrders);
  });

  it('may hold fields the service does not know, anywhere (req. 4)', () => {
    const context = hookContext({ selections: ['ServiceRequest/x'], extension: { 'org.example': { a: 1 } } });
    expect(() =>
      parse(hookBody({ context, extension: { 'org.example': {} }, user: 'x', prefetch: { other: 7 } })),
    ).not.toThrow();
  });

  it('may write an optional field it does not give as null', () => {
    const body = hookBody({
      fhirServer: null,
      fhirAuthorization: null,
      prefetch: null,
      context: hookContext({ encounterId: null }),
    });
    const request = parse(body);
    expect(request).not.toHaveProperty('fhirServer');
    expect(request).not.toHaveProperty('fhirAuthorization');
    expect(request.context).not.toHaveProperty('encounterId');
  });

  it('may hold no draft order at all', () => {
    expect(() => parse(hookBody({ context: hookContext({ draftOrders: { resourceType: 'Bundle' } }) }))).not.toThrow();
  });

  it.each(['Bearer', 'bearer'])('takes the token type %s (req. 30)', (token_type) => {
    const body = hookBody({ fhirServer: FHIR_SERVER, fhirAuthorization: fhirAuthorization({ token_type }) });
    expect(parse(body).fhirAuthorization?.tokenType).toBe('Bearer');
  });

  it('with a token for no server is refused, and says what to add (cds-r-1)', () => {
    const error = fault(hookBody({ fhirAuthorization: fhirAuthorization() }));
    expect(error).toMatchObject({ status: 400, expression: 'fhirServer' });
  });

  it('with patient scopes and no patient is taken: naming the patient is no duty of the client (req. 30, cds-r-2)', () => {
    const authorization = fhirAuthorization({ scope: 'patient/*.rs' });
    const request = parse(hookBody({ fhirServer: FHIR_SERVER, fhirAuthorization: authorization }));
    expect(request.fhirAuthorization).not.toHaveProperty('patient');
  });

  it('carries a token whose patient is the patient of the context', () => {
    const authorization = fhirAuthorization({ patient: 'syn-1' });
    expect(
      parse(hookBody({ fhirServer: FHIR_SERVER, fhirAuthorization: authorization })).fhirAuthorization?.patient,
    ).toBe('syn-1');
  });

  it('lists the state of every key of our template, in template order, and of no other key (req. 24)', () => {
    const request = parse(
      hookBody({ prefetch: { notes: null, stranger: null, patient: { resourceType: 'Patient', id: 'syn-1' } } }),
    );
    expect([...request.prefetch].map(([key, { kind }]) => [key, kind])).toEqual([
      ['patient', 'data'],
      ['labs', 'absent'],
      ['notes', 'empty'],
    ]);
  });
});

const draft = (draftOrders: unknown) => hookBody({ context: hookContext({ draftOrders }) });
const authorized = (changes: Record<string, unknown>) =>
  hookBody({ fhirServer: FHIR_SERVER, fhirAuthorization: fhirAuthorization(changes) });

describe('bad call: the element at fault is named', () => {
  it.each([
    ['hook', without(hookBody(), 'hook')],
    ['hook', hookBody({ hook: 5 })],
    ['hookInstance', without(hookBody(), 'hookInstance')],
    ['hookInstance', hookBody({ hookInstance: 'not a uuid' })],
    ['context', without(hookBody(), 'context')],
    ['context', hookBody({ context: [] })],
    ['context.userId', without(hookBody(), 'context.userId')],
    ['context.userId', hookBody({ context: hookContext({ userId: 'Practitioner' }) })],
    ['context.userId', hookBody({ context: hookContext({ userId: 'https://ehr.example/Practitioner/1' }) })],
    ['context.patientId', without(hookBody(), 'context.patientId')],
    ['context.patientId', hookBody({ context: hookContext({ patientId: '' }) })],
    ['context.patientId', hookBody({ context: hookContext({ patientId: 'a,b' }) })],
    ['context.patientId', hookBody({ context: hookContext({ patientId: 7 }) })],
    ['context.encounterId', hookBody({ context: hookContext({ encounterId: 'a/b' }) })],
    ['context.draftOrders', without(hookBody(), 'context.draftOrders')],
    ['context.draftOrders', draft('Bundle')],
    ['context.draftOrders', draft(null)],
    ['context.draftOrders.resourceType', draft({ resourceType: 'List' })],
    ['context.draftOrders.resourceType', draft({ entry: [] })],
    ['context.draftOrders.entry', draft({ resourceType: 'Bundle', entry: {} })],
    ['context.draftOrders.entry[1]', draft({ resourceType: 'Bundle', entry: [{}, null] })],
    ['context.draftOrders.entry[0].resource', draft({ resourceType: 'Bundle', entry: [{ resource: 'x' }] })],
    [
      'context.draftOrders.entry[0].resource.resourceType',
      draft({ resourceType: 'Bundle', entry: [{ resource: {} }] }),
    ],
    ['fhirServer', hookBody({ fhirServer: 7 })],
    ['fhirServer', hookBody({ fhirServer: 'ftp://ehr.example/fhir' })],
    ['fhirServer', hookBody({ fhirServer: 'fhir' })],
    ['fhirServer', hookBody({ fhirServer: 'https://user:secret@ehr.example/fhir' })],
    ['fhirServer', hookBody({ fhirServer: 'https://ehr.example/fhir?x=1' })],
    ['fhirServer', hookBody({ fhirAuthorization: fhirAuthorization() })],
    ['fhirAuthorization', hookBody({ fhirServer: FHIR_SERVER, fhirAuthorization: 'x' })],
    ['fhirAuthorization.access_token', authorized({ access_token: undefined })],
    ['fhirAuthorization.access_token', authorized({ access_token: 'two words' })],
    ['fhirAuthorization.access_token', authorized({ access_token: 'line\r\nbreak' })],
    ['fhirAuthorization.token_type', authorized({ token_type: undefined })],
    ['fhirAuthorization.token_type', authorized({ token_type: 'mac' })],
    ['fhirAuthorization.expires_in', authorized({ expires_in: undefined })],
    ['fhirAuthorization.expires_in', authorized({ expires_in: '300' })],
    ['fhirAuthorization.scope', authorized({ scope: undefined })],
    ['fhirAuthorization.subject', authorized({ subject: undefined })],
    ['fhirAuthorization.patient', authorized({ patient: 'another' })],
    ['prefetch', hookBody({ prefetch: [] })],
    ['prefetch.labs', hookBody({ prefetch: { labs: 'none' } })],
    ['prefetch.labs', hookBody({ prefetch: { labs: {} } })],
    ['prefetch.labs.entry', hookBody({ prefetch: { labs: { resourceType: 'Bundle', entry: {} } } })],
    ['prefetch.labs.entry[0]', hookBody({ prefetch: { labs: { resourceType: 'Bundle', entry: [4] } } })],
    [
      'prefetch.labs.entry[0].resource',
      hookBody({ prefetch: { labs: { resourceType: 'Bundle', entry: [{ resource: {} }] } } }),
    ],
  ])('%s', (expression, body) => {
    const error = fault(JSON.parse(JSON.stringify(body)));
    expect(error).toMatchObject({ code: 'ERR_REQUEST_INVALID', status: 400, expression });
    expect(error.detail.startsWith(expression)).toBe(true);
  });

  it.each([[null], [[]], ['text'], [7], [true]])('the body itself, where it is %j', (body) => {
    expect(fault(body)).toMatchObject({ code: 'ERR_REQUEST_INVALID', detail: 'the body must be of type object' });
  });

  it('hook, before anything else, when another hook is sent to this service (req. 17)', () => {
    const error = fault({ hook: 'patient-view', hookInstance: 'x', context: { patientId: 'syn-1' } });
    expect(error).toMatchObject({ code: 'ERR_HOOK_MISMATCH', status: 400, expression: 'hook' });
  });

  it('and no value of the request is quoted, whatever is wrong with it', () => {
    const secret = 'SECRETVALUE';
    const anything = fc.oneof(
      fc.constant(secret),
      fc.constant([secret]),
      fc.constant({ [secret]: secret, resourceType: secret, entry: [secret] }),
      fc.constant(` ${secret}\n`),
    );
    const paths = ['hook', 'hookInstance', 'fhirServer', 'fhirAuthorization', 'prefetch', 'context'];
    const inner = ['userId', 'patientId', 'encounterId', 'draftOrders'];
    fc.assert(
      fc.property(fc.constantFrom(...paths, ...inner.map((name) => `context.${name}`)), anything, (path, value) => {
        const [name = '', member] = path.split('.');
        const body = hookBody({
          fhirServer: FHIR_SERVER,
          [name]: member === undefined ? value : hookContext({ [member]: value }),
        });
        try {
          parse(body);
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
          expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(secret);
        }
      }),
    );
  });

  it('any JSON at all is either read or refused with 400', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (context, prefetch) => {
        for (const body of [context, hookBody({ context }), hookBody({ prefetch: { labs: prefetch } })]) {
          try {
            parse(body);
          } catch (error) {
            expect(error).toMatchObject({ name: 'ServiceError', status: 400 });
          }
        }
      }),
    );
  });
});
