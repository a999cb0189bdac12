import type { SourceKey } from '../../../concepts/concept.js';
import { ServiceError } from '../../../errors/service-error.js';
import { loadBloodProductTable } from '../../../orders/blood-product-table.js';
import { child, text, type Element } from '../../../record/element.js';
import type { TransfusionEvent } from '../../cohort-source.js';
import { comfortCareMs } from './comfort-care.js';
import type { ExportFile } from './export-files.js';
import { forEachResource, type ExportedResource } from './export-lines.js';
import { readTransfusions } from './given-blood.js';
import { chartIdOf, fhirId, patientOf } from './identity.js';
import { isMimic, withoutMimicArtefacts } from './mimic-artefacts.js';
import { codedMedication, medicationNeeded, readOrder, type ReadOrder } from './order-events.js';
import { readDeath, type RecordedDeath } from './outcome.js';
import { sourcesShownBy } from './source-support.js';
import { readStays, type ReadStays } from './stays.js';
import type { Tally } from './tally.js';

/** A Patient of the export, with what the facts need of it. */
export interface ScannedPatient {
  readonly patientId: string;
  readonly chartId: string;
  readonly birthDate: string | undefined;
  readonly death: RecordedDeath;
  readonly stays: ReadStays[];
  readonly transfusions: TransfusionEvent[];
  readonly orders: ReadOrder[];
  comfortCareMs: number | undefined;
}

/** What one pass over an export finds. */
export interface ScannedExport {
  /** By id of the Patient. */
  readonly patients: ReadonlyMap<string, ScannedPatient>;
  readonly sourcesShown: ReadonlySet<SourceKey>;
  /** How many stays begin at each offset from UTC (`-05:00`): the wall clock that dates of death are dates by. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly hasMimic: boolean;
}

type Held = Omit<ScannedPatient, 'patientId' | 'chartId' | 'birthDate' | 'death'>;

/**
 * Reads an export once, line by line, and keeps patients, stays, transfusions and blood orders. Throws ERR_DATASET for a line
 * that cannot be read, and for two Patients of one chart, naming file and line.
 */
export async function scanExport(files: readonly ExportFile[], tally: Tally): Promise<ScannedExport> {
  const table = loadBloodProductTable();
  const known = new Map<string, Pick<ScannedPatient, 'patientId' | 'chartId' | 'birthDate' | 'death'>>();
  const charts = new Set<string>();
  const held = new Map<string, Held>();
  const seen = new Set<string>();
  const sourcesShown = new Set<SourceKey>();
  const offsets = new Map<string, number>();
  const medications = new Map<string, Element>();
  const waiting: Element[] = [];
  let hasMimic = false;

  const ofPatient = (patientId: string): Held => {
    const own = held.get(patientId) ?? { stays: [], transfusions: [], orders: [], comfortCareMs: undefined };
    held.set(patientId, own);
    return own;
  };
  /** The first resource of an id counts; the copies are counted where they would be staged. */
  const isFirst = (reference: string): boolean => !seen.has(reference) && seen.add(reference).size > 0;

  const takePatient = (resource: Element, { file, line }: ExportedResource): void => {
    const patientId = fhirId(resource);
    const chartId = chartIdOf(resource);
    if (patientId === undefined || chartId === undefined || !isFirst(`Patient/${patientId}`)) return;
    if (charts.has(chartId)) {
      throw new ServiceError('ERR_DATASET', { detail: `${file}: line ${line} is a second Patient of one chart` });
    }
    charts.add(chartId);
    known.set(patientId, {
      patientId,
      chartId,
      birthDate: text(resource, 'birthDate'),
      death: readDeath(resource),
    });
  };

  const takeEncounter = (resource: Element, patientId: string): void => {
    const read = readStays(resource, tally);
    if (!read || !isFirst(`Encounter/${read.encounterId}`)) return;
    ofPatient(patientId).stays.push(read);
    const offset = /[+-]\d{2}:\d{2}$/.exec(text(child(resource, 'period'), 'start') ?? '')?.[0] ?? '+00:00';
    offsets.set(offset, (offsets.get(offset) ?? 0) + 1);
  };

  const takeOrder = (resource: Element, patientId: string): void => {
    const read = readOrder(resource, table, medications, tally);
    if (read && isFirst(read.order.orderId)) ofPatient(patientId).orders.push(read);
  };

  await forEachResource(files, (exported) => {
    const resource = withoutMimicArtefacts(exported.resource);
    hasMimic ||= isMimic(resource);
    for (const source of sourcesShownBy(resource)) sourcesShown.add(source);
    const patientId = patientOf(resource);
    switch (exported.type) {
      case 'Patient':
        takePatient(resource, exported);
        return;
      case 'Medication':
        medications.set(fhirId(resource) ?? '', codedMedication(resource));
        return;
    }
    if (patientId === undefined) return;
    switch (exported.type) {
      case 'Encounter':
        takeEncounter(resource, patientId);
        return;
      case 'MedicationAdministration':
      case 'Procedure':
        for (const given of readTransfusions(resource)) {
          if (isFirst(given.evidence)) ofPatient(patientId).transfusions.push(given);
        }
        return;
      case 'ServiceRequest':
      case 'MedicationRequest': {
        const needed = medicationNeeded(resource);
        if (needed !== undefined && !medications.has(needed)) waiting.push(resource);
        else takeOrder(resource, patientId);
        return;
      }
      case 'Observation': {
        const timeMs = comfortCareMs(resource);
        if (timeMs === undefined) return;
        const own = ofPatient(patientId);
        own.comfortCareMs = Math.min(own.comfortCareMs ?? timeMs, timeMs);
        return;
      }
    }
  });
  for (const resource of waiting) takeOrder(resource, patientOf(resource) ?? '');

  const patients = new Map([...known].map(([id, patient]) => [id, { ...patient, ...ofPatient(id) }]));
  return { patients, sourcesShown, offsets, hasMimic };
}
