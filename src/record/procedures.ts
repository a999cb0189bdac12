import type { FhirResource } from 'fhir/r4.js';
import { readInterval } from './administrations.js';
import { MIMIC_ITEMS, SNOMED_CT } from './code-systems.js';
import { codings, isElement, referenceTo, text } from './element.js';
import type { ProcedureEvent, ProcedureKind } from './patient-record.js';
import type { RejectionTally } from './rejection-tally.js';

const DONE = new Set(['in-progress', 'on-hold', 'stopped', 'completed']);

/**
 * Life support by SNOMED CT code and MIMIC-IV `procedureevents.itemid`. 40617009 (artificial ventilation) and 243147009
 * (controlled ventilation) are left out: both also stand over ventilation by mask, so neither says that there is a tube.
 */
const PROCEDURE_CODES: readonly {
  readonly kind: ProcedureKind;
  readonly snomed: readonly string[];
  readonly mimicItems: readonly number[];
}[] = [
  {
    kind: 'renal-replacement',
    // 302497006 haemodialysis, 714749008 continuous renal replacement therapy
    snomed: ['302497006', '714749008'],
    mimicItems: [225441, 225802, 225803, 225805, 225809, 225955],
  },
  // 1258985005 invasive mechanical ventilation
  { kind: 'invasive-ventilation', snomed: ['1258985005'], mimicItems: [225792] },
  // 428311008 non-invasive ventilation, 447837008 non-invasive positive pressure ventilation
  { kind: 'noninvasive-ventilation', snomed: ['428311008', '447837008'], mimicItems: [225794] },
  // 1259025002 heated and humidified high flow oxygen therapy using nasal cannula
  { kind: 'high-flow-oxygen', snomed: ['1259025002'], mimicItems: [] },
  // 57485005 oxygen therapy
  { kind: 'oxygen-therapy', snomed: ['57485005'], mimicItems: [] },
];

const kindByCode = new Map<string, ProcedureKind>(
  PROCEDURE_CODES.flatMap(({ kind, snomed, mimicItems }) => [
    ...snomed.map((code): [string, ProcedureKind] => [`${SNOMED_CT}|${code}`, kind]),
    ...mimicItems.map((item): [string, ProcedureKind] => [`${MIMIC_ITEMS}|${item}`, kind]),
  ]),
);

/** Life support in Procedures; other procedures are passed over. Without an end it still runs. */
export function readProcedures(resources: readonly FhirResource[], tally: RejectionTally): readonly ProcedureEvent[] {
  return resources.flatMap((resource: unknown) => {
    if (!isElement(resource) || resource['resourceType'] !== 'Procedure') return [];
    const kinds = codings(resource, 'code').flatMap(({ system, code }) => kindByCode.get(`${system}|${code}`) ?? []);
    const kind = kinds.sort()[0];
    if (kind === undefined) return [];
    if (!DONE.has(text(resource, 'status') ?? '')) {
      tally.add('status');
      return [];
    }
    const interval = readInterval(resource, 'performed');
    if (!interval) {
      tally.add('no-time');
      return [];
    }
    return [{ kind, ...interval, evidence: referenceTo(resource) }];
  });
}

/** The same by MIMIC-IV `procedureevents.itemid`. */
export function procedureKindOfMimicItem(itemid: number): ProcedureKind | undefined {
  return kindByCode.get(`${MIMIC_ITEMS}|${itemid}`);
}

/** Every MIMIC-IV `procedureevents.itemid` that means something here, ascending. */
export function mimicItemsOfProcedures(): readonly number[] {
  return PROCEDURE_CODES.flatMap(({ mimicItems }) => mimicItems).sort((a, b) => a - b);
}
