import type { Bundle } from 'fhir/r4.js';

export const SCT = 'http://snomed.info/sct';
export const CPT = 'http://www.ama-assn.org/go/cpt';
export const PATIENT_ID = 'syn-1';

type Json = Record<string, unknown>;

/** A Bundle of drafts as a client builds it in memory: whatever a test wants, valid or not. */
export function drafts(...resources: Json[]): Bundle {
  return bundleOf(resources.map((resource) => ({ resource })));
}

export function bundleOf(entry: unknown): Bundle {
  const bundle: Bundle = { resourceType: 'Bundle', type: 'collection' };
  return Object.assign(bundle, { entry });
}

export function serviceRequest(coding: Json | Json[] | undefined, more: Json = {}): Json {
  return {
    resourceType: 'ServiceRequest',
    id: 'draft-1',
    status: 'draft',
    intent: 'order',
    subject: { reference: `Patient/${PATIENT_ID}` },
    authoredOn: '2026-11-23T10:00:00Z',
    ...(coding === undefined ? {} : { code: { coding: Array.isArray(coding) ? coding : [coding] } }),
    ...more,
  };
}

export function medicationRequest(more: Json): Json {
  return {
    resourceType: 'MedicationRequest',
    id: 'request-123',
    status: 'draft',
    subject: { reference: `Patient/${PATIENT_ID}` },
    authoredOn: '2026-11-23',
    ...more,
  };
}
