import type { FhirResource } from 'fhir/r4.js';
import { SOURCE_KEYS, type SourceKey } from '../../src/concepts/concept.js';
import type { AttachmentText, ChartResources, ChartSource } from '../../src/record/chart-resources.js';
import type { PatientRecord } from '../../src/record/patient-record.js';
import { recordFromResources } from '../../src/record/record-from-resources.js';
import { PATIENT_ID } from '../support/fhir-resources.js';

const COVERED = { kind: 'covered', sinceMs: null, origin: 'prefetch' } as const;

interface ChartParts {
  readonly attachments?: ReadonlyMap<string, AttachmentText>;
  readonly foreignResources?: number;
  readonly source?: SourceKey;
}

/** A fully covered chart with these resources, all under one source. */
export function chartOf(
  resources: readonly FhirResource[],
  { attachments = new Map(), foreignResources = 0, source = 'labs' }: ChartParts = {},
): ChartResources {
  const sourceOf = (key: SourceKey): ChartSource => ({
    coverage: COVERED,
    resources: key === source ? resources : [],
  });
  const [patient, encounters, labs, vitals, bedside, administrations, procedures, conditions, notes] =
    SOURCE_KEYS.map(sourceOf);
  if (!patient || !encounters || !labs || !vitals || !bedside) throw new Error('sources');
  if (!administrations || !procedures || !conditions || !notes) throw new Error('sources');
  return {
    patientId: PATIENT_ID,
    sources: { patient, encounters, labs, vitals, bedside, administrations, procedures, conditions, notes },
    attachments,
    foreignResources,
  };
}

export function recordOf(resources: readonly FhirResource[], parts: ChartParts = {}): PatientRecord {
  return recordFromResources(chartOf(resources, parts), []);
}
