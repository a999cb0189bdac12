import { SOURCE_KEYS } from '../../../concepts/concept.js';
import type { ChartFacts, SourceAbout } from '../../cohort-source.js';
import { MIMIC_OFFSET } from '../mimic-iv/mimic-time.js';
import { EXPORT_DIFFERENCES } from './export-differences.js';
import type { ScannedExport } from './scan-export.js';
import { offsetMs, wallClock } from './wall-clock.js';

/** Elements that are read; `table` is the resource type. */
const ELEMENTS_READ = [
  'Patient.identifier',
  'Patient.gender',
  'Patient.birthDate',
  'Patient.deceased',
  'Encounter.status',
  'Encounter.class',
  'Encounter.type',
  'Encounter.serviceType',
  'Encounter.priority',
  'Encounter.period',
  'Encounter.location',
  'Encounter.partOf',
  'Encounter.hospitalization.dischargeDisposition',
  'Location.type',
  'Location.physicalType',
  'Observation.status',
  'Observation.code',
  'Observation.value',
  'Observation.component',
  'Observation.specimen',
  'Observation.effective',
  'Observation.issued',
  'MedicationAdministration.status',
  'MedicationAdministration.medication',
  'MedicationAdministration.effective',
  'MedicationAdministration.dosage',
  'Procedure.status',
  'Procedure.code',
  'Procedure.performed',
  'Condition.category',
  'Condition.code',
  'Condition.encounter',
  'Condition.verificationStatus',
  'Condition.recordedDate',
  'DocumentReference.status',
  'DocumentReference.type',
  'DocumentReference.date',
  'DocumentReference.content',
  'ServiceRequest.status',
  'ServiceRequest.intent',
  'ServiceRequest.code',
  'ServiceRequest.authoredOn',
  'MedicationRequest.status',
  'MedicationRequest.intent',
  'MedicationRequest.medication',
  'MedicationRequest.authoredOn',
  'Medication.code',
];

const MIMIC_CAVEATS = [
  `Times are wall-clock times of shifted dates; the New York offsets the conversion wrote are replaced by ${MIMIC_OFFSET}, as the CSV source reads them.`,
  'Of the date of birth only the year is used: month and day are made up of the first transfer.',
  ...EXPORT_DIFFERENCES.filter(({ madeBy }) => madeBy === 'conversion').map(
    ({ name, reason }) => `Beside the CSV tables (${name}): ${reason}.`,
  ),
];

const WITHOUT_DATE =
  'Patients who are dead, with nothing to say since which day, are left out, whenever their index was. Deaths only are lost by it, so mortality is somewhat too low.';

/**
 * What the export says of itself. Needs a finished scan. Deaths after discharge are seen where any death is dated: a mark
 * without a date can be set in hospital too.
 */
export function aboutExport(scan: ScannedExport, charts: readonly ChartFacts[]): SourceAbout {
  const { sourcesShown, hasMimic, patients } = scan;
  const lacking = SOURCE_KEYS.filter((key) => !sourcesShown.has(key));
  const hasDatedDeaths = [...patients.values()].some(({ death }) => death.kind === 'time' || death.kind === 'day');
  const clock = wallClock(scan);
  return {
    source: 'mimic-fhir',
    title: hasMimic ? 'MIMIC-IV on FHIR' : 'FHIR R4 bulk export',
    version: 'not told by the files',
    citation: hasMimic
      ? 'Bennett A, Ulrich H, Wiedekopf J, Szul P, Grimes J, Johnson A. MIMIC-IV on FHIR. PhysioNet. JAMIA 2023;30(4):718-25.'
      : 'The exporting site',
    licence: hasMimic
      ? 'PhysioNet Credentialed Health Data License 1.5.0; the demo: ODbL 1.0'
      : 'As agreed with the site',
    deathsSeen: hasDatedDeaths ? 'any' : 'in-hospital',
    sameDayDeath: 'event',
    clockOffsetMs: offsetMs(clock),
    caveats: [
      ...(lacking.length === 0
        ? []
        : [
            `Not in this export, or only a part that does not speak for the rest: ${lacking.join(', ')}. Nothing is concluded from their absence; what there is of them is still read.`,
          ]),
      ...(hasMimic ? MIMIC_CAVEATS : [`Dates of death are dates by the clock of most stays (${clock}).`]),
      ...(charts.some(({ impossibleOutcome }) => impossibleOutcome !== undefined) ? [WITHOUT_DATE] : []),
      'Notes are read where their text is inside the DocumentReference; attachments elsewhere are counted as failed.',
      'Comfort care is seen only where the code status is charted as MIMIC-IV has it.',
    ],
    columnsRead: ELEMENTS_READ,
  };
}
