/** A conformant order-sign body for a synthetic patient; `changes` replace members of the body. */
export function hookBody(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    hook: 'order-sign',
    hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
    context: hookContext(),
    ...changes,
  };
}

/** The context of that body; `changes` replace its members. */
export function hookContext(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    userId: 'Practitioner/syn-clinician',
    patientId: 'syn-1',
    encounterId: 'syn-enc',
    draftOrders: {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ resource: { resourceType: 'ServiceRequest', id: 'draft-1', status: 'draft', intent: 'order' } }],
    },
    ...changes,
  };
}

/** A complete `fhirAuthorization`; `changes` replace its members. */
export function fhirAuthorization(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    access_token: 'synthetic-token',
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'patient/Patient.read patient/Observation.read',
    subject: 'hemolens',
    ...changes,
  };
}

/** `body` without one member, given as a path (`context.userId`). */
export function without(body: Record<string, unknown>, path: string): Record<string, unknown> {
  const [name = '', ...rest] = path.split('.');
  const inner = body[name];
  if (rest.length > 0 && typeof inner === 'object' && inner !== null) {
    return { ...body, [name]: without({ ...inner }, rest.join('.')) };
  }
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
}
