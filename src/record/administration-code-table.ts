import table from './administration-codes.json' with { type: 'json' };
import {
  CPT,
  ICD_10_PCS,
  MIMIC_MEDICATION_ICU,
  RXNORM,
  SNOMED_CT,
  V2_0426_BLOOD_PRODUCT,
  V2_0426_BLOOD_PRODUCT_OLD,
} from './code-systems.js';
import type { CodedValue } from './element.js';
import type { AdministrationKind } from './patient-record.js';

/** A drug or blood product of interest. */
export interface Agent {
  readonly kind: AdministrationKind;
  /** Lower-case ingredient or blood product; `unspecified` for a transfusion whose product the chart does not say. */
  readonly agent: string;
}

interface AgentRow extends Agent {
  readonly rxnorm?: readonly string[];
  readonly mimicMedicationIcu?: readonly string[];
  readonly snomed?: readonly string[];
  readonly v20426?: readonly string[];
  readonly cpt?: readonly string[];
  readonly icd10pcs?: readonly string[];
}

const KINDS: readonly AdministrationKind[] = [
  'blood',
  'cell-salvage',
  'vasopressor',
  'inotrope',
  'sedative',
  'derivative',
];

const rows: readonly AgentRow[] = table.agents.map((row) => {
  const kind = KINDS.find((known) => known === row.kind);
  if (kind === undefined) throw new Error(`administration-codes.json: unknown kind ${row.kind}`);
  return { ...row, kind };
});

const agentByCode = new Map<string, Agent>(
  rows.flatMap(({ kind, agent, ...codes }) => {
    const coded: readonly (readonly [string, readonly string[] | undefined])[] = [
      [RXNORM, codes.rxnorm],
      [MIMIC_MEDICATION_ICU, codes.mimicMedicationIcu],
      [SNOMED_CT, codes.snomed],
      [V2_0426_BLOOD_PRODUCT, codes.v20426],
      [V2_0426_BLOOD_PRODUCT_OLD, codes.v20426],
      [CPT, codes.cpt],
      [ICD_10_PCS, codes.icd10pcs],
    ];
    return coded.flatMap(([system, list]) =>
      (list ?? []).map((code): [string, Agent] => [`${system}|${code}`, { kind, agent }]),
    );
  }),
);

/**
 * The drug or blood product these codings mean; undefined where none is of interest. A named product wins over a
 * transfusion that does not say which, and of several the one that comes first by name: the order of codings does not count.
 */
export function agentOf(coded: readonly CodedValue[]): Agent | undefined {
  const found = coded.flatMap(({ system, code }) => agentByCode.get(`${system}|${code}`) ?? []);
  return found.sort(
    (a, b) => Number(a.agent === 'unspecified') - Number(b.agent === 'unspecified') || (a.agent < b.agent ? -1 : 1),
  )[0];
}

/** The same by MIMIC-IV `inputevents.itemid`. */
export function agentOfMimicItem(itemid: number): Agent | undefined {
  return agentByCode.get(`${MIMIC_MEDICATION_ICU}|${itemid}`);
}

/** Every MIMIC-IV `inputevents.itemid` that means something here, ascending. */
export function mimicItemsOfAdministrations(): readonly number[] {
  return rows.flatMap(({ mimicMedicationIcu = [] }) => mimicMedicationIcu.map(Number)).sort((a, b) => a - b);
}
