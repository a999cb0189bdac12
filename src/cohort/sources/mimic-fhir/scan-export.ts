import type { SourceKey } from '../../../concepts/concept.js';
import { ServiceError } from '../../../errors/service-error.js';
import { loadBloodProductTable } from '../../../orders/blood-product-table.js';
import { child, text, type Element } from '../../../record/element.js';
import type { TransfusionEvent } from '../../cohort-source.js';
import { comfortCareMs } from './comfort-care.js';
import { copyOf, startCopies } from './copies.js';
import type { ExportFile } from './export-files.js';
import { forEachResource, type ExportedResource } from './export-lines.js';
import { readTransfusions } from './given-blood.js';
import { isMissedUnit, readIcuLocations, withIcuLocations, type IcuLocations } from './icu-locations.js';
import { chartIdOf, fhirId, patientOf } from './identity.js';
import { isMimic, withoutMimicArtefacts } from './mimic-artefacts.js';
import type { ReadOrder } from './order-events.js';
import { startOrderScan } from './order-scan.js';
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

/** What a scan of an export finds. */
export interface ScannedExport {
  /** By id of the Patient. */
  readonly patients: ReadonlyMap<string, ScannedPatient>;
  readonly sourcesShown: ReadonlySet<SourceKey>;
  /** How many stays begin at each offset from UTC (`-05:00`): the wall clock that dates of death are dates by. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly hasMimic: boolean;
  readonly icuLocations: IcuLocations;
}

const MISSED_UNIT = 'Location: intensive care, in a file that is not named for Locations (its stays are not seen)';

type Held = Omit<ScannedPatient, 'patientId' | 'chartId' | 'birthDate' | 'death'>;

/**
 * Reads an export once (its Locations twice), line by line, and keeps patients, stays, transfusions and blood orders. Throws
 * ERR_DATASET for a line that cannot be read, for two Patients of one chart and for two resources of one id that differ, naming
 * file and line; and where no Encounter is a stay in hospital or intensive care.
 */
export async function scanExport(files: readonly ExportFile[], tally: Tally): Promise<ScannedExport> {
  const icuLocations = await readIcuLocations(files);
  const known = new Map<string, Pick<ScannedPatient, 'patientId' | 'chartId' | 'birthDate' | 'death'>>();
  const charts = new Set<string>();
  const held = new Map<string, Held>();
  const copies = startCopies();
  const sourcesShown = new Set<SourceKey>();
  const offsets = new Map<string, number>();
  let hasMimic = false;

  const ofPatient = (patientId: string): Held => {
    const own = held.get(patientId) ?? { stays: [], transfusions: [], orders: [], comfortCareMs: undefined };
    held.set(patientId, own);
    return own;
  };
  const orders = startOrderScan(loadBloodProductTable(), copies, tally, (patientId, order) => {
    ofPatient(patientId).orders.push(order);
  });

  const takePatient = (resource: Element, exported: ExportedResource): void => {
    const { file, line } = exported;
    const patientId = fhirId(resource);
    const chartId = chartIdOf(resource);
    if (patientId === undefined || chartId === undefined || !copies.isFirst(copyOf(exported))) return;
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

  const takeEncounter = (resource: Element, patientId: string, exported: ExportedResource): void => {
    const read = copies.isFirst(copyOf(exported)) ? readStays(resource, tally) : undefined;
    if (!read) return;
    ofPatient(patientId).stays.push(read);
    const offset = /[+-]\d{2}:\d{2}$/.exec(text(child(resource, 'period'), 'start') ?? '')?.[0] ?? '+00:00';
    offsets.set(offset, (offsets.get(offset) ?? 0) + 1);
  };

  const takeTransfusions = (resource: Element, patientId: string, exported: ExportedResource): void => {
    // Without an id it is in no record: it is counted where it would be staged.
    const given = fhirId(resource) === undefined ? [] : readTransfusions(resource);
    if (given.length > 0 && copies.isFirst(copyOf(exported))) ofPatient(patientId).transfusions.push(...given);
  };

  await forEachResource(files, (exported) => {
    const resource = withIcuLocations(withoutMimicArtefacts(exported.resource), icuLocations);
    hasMimic ||= isMimic(resource);
    for (const source of sourcesShownBy(resource)) sourcesShown.add(source);
    const patientId = patientOf(resource);
    switch (exported.type) {
      case 'Patient':
        takePatient(resource, exported);
        return;
      case 'Medication':
        orders.takeMedication(resource, exported);
        return;
      case 'Location':
        if (isMissedUnit(resource, icuLocations)) tally.add(MISSED_UNIT);
        return;
    }
    if (patientId === undefined) return;
    switch (exported.type) {
      case 'Encounter':
        takeEncounter(resource, patientId, exported);
        return;
      case 'MedicationAdministration':
      case 'Procedure':
        takeTransfusions(resource, patientId, exported);
        return;
      case 'ServiceRequest':
      case 'MedicationRequest':
        orders.takeOrder(resource, patientId, exported);
        return;
      case 'Observation': {
        const timeMs = comfortCareMs(resource);
        if (timeMs === undefined) return;
        const own = ofPatient(patientId);
        own.comfortCareMs = Math.min(own.comfortCareMs ?? timeMs, timeMs);
        return;
      }
    }
  });
  orders.end();
  assertStays([...held.values()].flatMap(({ stays }) => stays));

  const patients = new Map([...known].map(([id, patient]) => [id, { ...patient, ...ofPatient(id) }]));
  return { patients, sourcesShown, offsets, hasMimic, icuLocations };
}

/** An export whose Encounters are none of them read as stays would give a training set without a single ICU stay or admission. */
function assertStays(stays: readonly ReadStays[]): void {
  if (stays.length === 0 || stays.some(({ admissions, icuStays }) => admissions.length + icuStays.length > 0)) return;
  throw new ServiceError('ERR_DATASET', {
    detail: `of ${stays.length} Encounters not one is an admission or an ICU stay: is their class of v3-ActCode, and did they happen?`,
  });
}
