import { UNITS } from '../../../concepts/unit-table.js';
import { ucumUnit } from '../../../concepts/units.js';
import { conceptByEicuName, type ChartedNumber } from './charted-number.js';
import type { Row } from './eicu-layout.js';
import { minutesOf, numberOf } from './eicu-time.js';
import { evidenceOf } from './evidence.js';

/** Units of results that eICU prints without any. @see https://eicu-crd.mit.edu/eicutables/lab/ */
const UNWRITTEN: Readonly<Record<string, string>> = { 'anion gap': 'meq/L', 'Total CO2': 'mmol/L' };
const BOUND = /^\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*$/;

/**
 * A result of `lab`. It is known from the later of its own and its revision's offset on. Its unit is that of the interface it
 * came by, where that is understood; else the one eICU names for all sites. A bound (`>20.50`) keeps its sign.
 */
export function labNumber(row: Row): ChartedNumber[] {
  const name = row['labname'] ?? '';
  const concept = conceptByEicuName(name);
  const minutes = minutesOf(row['labresultoffset']);
  if (!concept || minutes === undefined) return [];
  const bound = BOUND.exec(row['labresulttext'] ?? '');
  const text = bound?.[2] ?? row['labresult'] ?? row['labresulttext'];
  if (text === null || text === undefined || text.trim() === '') return [];
  const comparator = comparatorOf(bound?.[1]);
  return [
    {
      concept,
      value: numberOf(text),
      unit: unitOf(row) ?? UNWRITTEN[name],
      ...(comparator === undefined ? {} : { comparator }),
      minutes,
      filedMinutes: minutesOf(row['labresultrevisedoffset']) ?? minutes,
      evidence: evidenceOf('lab', row),
    },
  ];
}

function unitOf(row: Row): string | undefined {
  const [ofInterface, ofSystem] = [row['labmeasurenameinterface'], row['labmeasurenamesystem']].map((text) =>
    ucumUnit(text ?? undefined),
  );
  if (ofInterface !== undefined && ofInterface in UNITS) return ofInterface;
  return ofSystem ?? ofInterface;
}

function comparatorOf(text: string | undefined): ChartedNumber['comparator'] {
  return text === '<' || text === '<=' || text === '>' || text === '>=' ? text : undefined;
}
