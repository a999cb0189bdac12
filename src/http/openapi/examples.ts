// Synthetic throughout: no value here is of a person.
const CARD_ID = '0b6c1f1e-7f0e-4d55-9a3b-6d2c8a1f4e20';

export const HOOK_REQUEST_EXAMPLE = {
  hook: 'order-sign',
  hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
  fhirServer: 'https://fhir.example.org/r4',
  fhirAuthorization: {
    access_token: 'an-access-token',
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'patient/Patient.rs patient/Observation.rs',
    subject: 'hemolens',
    patient: 'example-patient',
  },
  context: {
    userId: 'Practitioner/example-clinician',
    patientId: 'example-patient',
    encounterId: 'example-encounter',
    draftOrders: {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          resource: {
            resourceType: 'ServiceRequest',
            id: 'draft-1',
            status: 'draft',
            intent: 'order',
            code: {
              coding: [
                {
                  system: 'http://snomed.info/sct',
                  code: '116863004',
                  display: 'Transfusion of red blood cells (procedure)',
                },
              ],
            },
            subject: { reference: 'Patient/example-patient' },
            quantityQuantity: { value: 1, unit: 'unit' },
          },
        },
      ],
    },
  },
  prefetch: {
    patient: { resourceType: 'Patient', id: 'example-patient', gender: 'female', birthDate: '1950-03-01' },
  },
} as const;

export const CARD_EXAMPLE = {
  cards: [
    {
      uuid: CARD_ID,
      summary: 'High 7-day mortality risk: 18 % (average 10 %); red cells',
      indicator: 'warning',
      detail:
        '**Predicted risk of death within 7 days: 18 %** (tier: high).\n\nMain drivers of this prediction:\n\n- lactate 6.1 mmol/L, 2 h ago: associated with higher predicted risk\n\nResearch software, not for clinical use.',
      source: {
        label: 'Hemolens',
        topic: {
          system: 'https://hemolens.org/fhir/CodeSystem/card-topic',
          code: 'TXMORT7D',
          display: '7-day mortality risk at a blood product order',
        },
      },
      extension: { 'org.hemolens.assessment': { probability: 0.18, tier: 'high' } },
    },
  ],
} as const;

export const NO_CARD_EXAMPLE = { cards: [] } as const;

export const FEEDBACK_EXAMPLE = {
  feedback: [
    {
      card: CARD_ID,
      outcome: 'overridden',
      overrideReason: {
        reason: {
          system: 'http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes',
          code: 'patient-refuses',
        },
      },
      outcomeTimestamp: '2026-11-23T10:05:00Z',
    },
  ],
} as const;

export const METRICS_EXAMPLE = [
  '# HELP hemolens_calls_total Hook calls by client (none: not authenticated) and what became of them.',
  '# TYPE hemolens_calls_total counter',
  'hemolens_calls_total{client="ehr-a",outcome="answered"} 42',
  '',
].join('\n');
