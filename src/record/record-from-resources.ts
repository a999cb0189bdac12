import type { FhirResource } from 'fhir/r4.js';
import { SOURCE_KEYS, type SourceKey } from '../concepts/concept.js';
import { readAdministrations } from './administrations.js';
import type { ChartResources } from './chart-resources.js';
import { readConditions } from './conditions.js';
import { isElement, referenceTo } from './element.js';
import { readEncounters } from './encounters.js';
import { dropIntubatedVerbal } from './intubated-verbal.js';
import { readNotes } from './notes.js';
import { readObservations } from './observations.js';
import { readPatient } from './patient.js';
import { readPatientLinks } from './patient-links.js';
import type { BloodOrder, PatientRecord, SourceCoverage } from './patient-record.js';
import { readProcedures } from './procedures.js';
import { startRejectionTally } from './rejection-tally.js';

/**
 * A chart in FHIR resources as a PatientRecord. Pure; the order of resources does not matter, and a resource that came
 * by two templates counts once. What was not used is in `rejections`.
 */
export function recordFromResources(chart: ChartResources, orders: readonly BloodOrder[]): PatientRecord {
  const tally = startRejectionTally();
  const resources = distinct(SOURCE_KEYS.flatMap((key) => chart.sources[key].resources));
  const procedures = readProcedures(resources, tally);
  const observed = dropIntubatedVerbal(readObservations(resources, tally), procedures);
  tally.add('intubated-verbal', 'gcs_verbal', observed.dropped);
  tally.add('other-patient', undefined, chart.foreignResources);
  const [patient] = chart.sources.patient.resources;
  tally.add('linked-record', undefined, readPatientLinks(patient).others);
  return {
    ...readPatient(chart.sources.patient.resources, chart.patientId),
    values: observed.values,
    administrations: readAdministrations(resources, tally),
    procedures,
    encounters: readEncounters(resources, tally),
    conditions: readConditions(resources, tally),
    notes: readNotes(resources, chart.attachments, tally),
    orders,
    coverage: coverageOf(chart),
    rejections: tally.counts(),
  };
}

/** Resources by type and id, once each; those without an id are all kept. */
function distinct(resources: readonly FhirResource[]): readonly FhirResource[] {
  const seen = new Set<string>();
  return resources.filter((resource: unknown) => {
    if (!isElement(resource)) return false;
    if (typeof resource['id'] !== 'string') return true;
    const reference = referenceTo(resource);
    return !seen.has(reference) && seen.add(reference);
  });
}

function coverageOf({ sources }: ChartResources): Record<SourceKey, SourceCoverage> {
  return {
    patient: sources.patient.coverage,
    encounters: sources.encounters.coverage,
    labs: sources.labs.coverage,
    vitals: sources.vitals.coverage,
    bedside: sources.bedside.coverage,
    administrations: sources.administrations.coverage,
    procedures: sources.procedures.coverage,
    conditions: sources.conditions.coverage,
    notes: sources.notes.coverage,
  };
}
