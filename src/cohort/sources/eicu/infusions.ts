import { infusionRate } from '../../../record/infusion-rate.js';
import type { Administration } from '../../../record/patient-record.js';
import { isRedCellInfusion, productOfInfusion } from './blood-products.js';
import type { Row } from './eicu-layout.js';
import { minutesOf, numberOf, unitMs } from './eicu-time.js';
import { evidenceOf } from './evidence.js';
import type { UnitStay } from './unit-stays.js';

/** A rate that nobody charts again is taken to run this long: pumps are charted every one to four hours. */
const LONGEST_MINUTES = 6 * 60;
const WEIGHT_KG = { low: 25, high: 350 };

/** Names of drugs as hospitals write them (`DOBUTamine STD 500 mg ... (mcg/kg/min)`); the first that fits. */
const AGENTS: readonly (readonly [RegExp, Administration['kind'], string])[] = [
  [/norepinephrine|levophed/i, 'vasopressor', 'norepinephrine'],
  [/phenylephrine/i, 'vasopressor', 'phenylephrine'],
  [/epinephrine/i, 'vasopressor', 'epinephrine'],
  [/dopamine/i, 'vasopressor', 'dopamine'],
  [/vasopressin/i, 'vasopressor', 'vasopressin'],
  [/dobutamine/i, 'inotrope', 'dobutamine'],
  [/milrinone/i, 'inotrope', 'milrinone'],
  [/propofol/i, 'sedative', 'propofol'],
  [/midazolam/i, 'sedative', 'midazolam'],
  [/dexmedetomidine|precedex/i, 'sedative', 'dexmedetomidine'],
];

/** The drug of a pump's name; undefined where none of interest. */
export function agentOfInfusion(
  drugname: string,
): { readonly kind: Administration['kind']; readonly agent: string } | undefined {
  const found = AGENTS.find(([pattern]) => pattern.test(drugname));
  return found && { kind: found[1], agent: found[2] };
}

/**
 * The rate of a row. The unit stands in the name's last brackets; a dose that is not by weight is divided by the weight of the
 * row, else by that of the admission once the patient is in the unit. Undefined where it cannot be told (mL/h, no unit).
 */
export function rateOfInfusion(agent: string, row: Row, stay: UnitStay): Administration['rate'] {
  const unit = /\(([^()]+)\)\s*$/.exec(row['drugname'] ?? '')?.[1];
  const value = numberOf(row['drugrate']);
  if (value === 0) return { value: 0, unit: agent === 'vasopressin' ? 'U/min' : 'ug/kg/min' };
  const own = infusionRate(agent, value, unit);
  const [dose, time, more] = unit?.split('/') ?? [];
  if (own || agent === 'vasopressin' || dose === undefined || time === undefined || more !== undefined) return own;
  const atAdmission = (minutesOf(row['infusionoffset']) ?? -1) >= 0 ? stay.row['admissionweight'] : undefined;
  const weight = [row['patientweight'], atAdmission]
    .map(numberOf)
    .find((kg) => kg >= WEIGHT_KG.low && kg <= WEIGHT_KG.high);
  return weight === undefined ? undefined : infusionRate(agent, value / weight, `${dose}/kg/${time}`);
}

/**
 * Infusions of one unit stay. A charted rate runs until the drug is charted again, 6 h at most; a rate of 0 ends it. Where a pump
 * is charted in two units at once, the row whose rate can be told is taken. Red cells: every row with a rate above 0.
 */
export function infusionsOf(
  rows: readonly Row[],
  stay: UnitStay,
  reject: (words: string) => void,
): readonly Administration[] {
  const byAgent = new Map<string, Row[]>();
  for (const row of rows) {
    const name = row['drugname'] ?? '';
    const agent = isRedCellInfusion(name) ? 'rbc' : agentOfInfusion(name)?.agent;
    if (agent === undefined) continue;
    if (Number.isNaN(numberOf(row['drugrate']))) reject('infusiondrug: the rate is no number');
    else byAgent.set(agent, [...(byAgent.get(agent) ?? []), row]);
  }
  return [...byAgent].flatMap(([agent, own]) => {
    const times = [...new Set(own.map(offsetOf))].sort((a, b) => a - b);
    return times.flatMap((minutes, index) => {
      const now = own.filter((row) => offsetOf(row) === minutes);
      const until = Math.min(times[index + 1] ?? Infinity, minutes + LONGEST_MINUTES);
      const startMs = unitMs(stay, minutes);
      const when = { startMs, endMs: unitMs(stay, until), availableMs: startMs };
      if (agent === 'rbc') {
        return now
          .filter((row) => productOfInfusion(row) !== undefined)
          .map((row) => ({ kind: 'blood' as const, agent, ...when, evidence: evidenceOf('infusiondrug', row) }));
      }
      now.slice(1).forEach(() => {
        reject('infusiondrug: the drug charted twice at one time');
      });
      return drugAt(agent, now, stay, when);
    });
  });
}

function offsetOf(row: Row): number {
  return minutesOf(row['infusionoffset']) ?? NaN;
}

/** The row with the highest rate that can be told, else one whose rate cannot; none where the pump was stopped. */
function drugAt(
  agent: string,
  rows: readonly Row[],
  stay: UnitStay,
  when: Pick<Administration, 'startMs' | 'availableMs'> & { readonly endMs: number },
): Administration[] {
  const rated = rows
    .filter((row) => numberOf(row['drugrate']) > 0)
    .map((row) => ({ row, rate: rateOfInfusion(agent, row, stay), evidence: evidenceOf('infusiondrug', row) }))
    .sort((a, b) => (b.rate?.value ?? -1) - (a.rate?.value ?? -1) || (a.evidence < b.evidence ? -1 : 1));
  const [best] = rated;
  const drug = agentOfInfusion(best?.row['drugname'] ?? '');
  if (!best || !drug) return [];
  return [{ ...drug, ...when, ...(best.rate === undefined ? {} : { rate: best.rate }), evidence: best.evidence }];
}
