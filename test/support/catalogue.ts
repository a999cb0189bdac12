import type { ServiceCatalogue } from '../../src/cds-hooks/service-catalogue.js';

/** A discovery document with one read and two searches, for tests that are not about the real one. */
export const testCatalogue: ServiceCatalogue = {
  services: [
    {
      hook: 'order-sign',
      id: 'transfusion-mortality-risk',
      title: 'Test service',
      description: 'For tests.',
      version: '2.0.1',
      prefetch: {
        patient: 'Patient/{{context.patientId}}',
        labs: 'Observation?patient={{context.patientId}}&code=718-7,2524-7&_sort=-date&_count=400',
        notes: 'DocumentReference?patient={{context.patientId}}&status=current&_sort=-date&_count=20',
      },
    },
  ],
};
export const TEST_SERVICE = 'transfusion-mortality-risk';
