import type { DuckDBConnection } from '@duckdb/node-api';
import type { ChartFacts, IcuStayFact, SourceTotals, TransfusionEvent } from '../../cohort-source.js';
import { comfortCareMinutes } from './comfort-care.js';
import { readRows, type EicuFiles } from './eicu-files.js';
import type { Row } from './eicu-layout.js';
import { unitMs } from './eicu-time.js';
import { chartOrders } from './chart-order.js';
import { outcomeOf } from './outcome.js';
import { INFUSED_RED_CELLS, INTAKE_BLOOD, TREATED_WITH_BLOOD } from './blood-conditions.js';
import { transfusionOf, type BloodTable, type IntakeShiftMinutes } from './transfusions.js';
import { birthDateOf, chartIdOf, unitStaysOf, type UnitStay } from './unit-stays.js';

/** Counts a row that is left out or read otherwise than it says, by `table: reason`. */
export type Reject = (words: string) => void;

const BLOOD: readonly (readonly [BloodTable, string])[] = [
  ['intakeOutput', INTAKE_BLOOD],
  ['infusiondrug', INFUSED_RED_CELLS],
  ['treatment', TREATED_WITH_BLOOD],
];

/** Every hospital stay: unit stays, transfusions, and what became of the patient. Charts ascending by id. */
export async function factsFromTables(
  connection: DuckDBConnection,
  files: EicuFiles,
  shiftMinutes: IntakeShiftMinutes,
  reject: Reject,
): Promise<{ readonly charts: readonly ChartFacts[]; readonly totals: SourceTotals }> {
  const patients = await readRows(connection, files, 'patient');
  const stays = grouped(patients, chartIdOf);
  const blood = new Map<string, { readonly table: BloodTable; readonly row: Row }[]>();
  const known = new Set(patients.map((row) => row['patientunitstayid'] ?? ''));
  for (const [table, condition] of BLOOD) {
    for (const row of await readRows(connection, files, table, condition)) {
      const stay = row['patientunitstayid'] ?? '';
      if (!known.has(stay)) reject(`${table}: a unit stay that is not in patient`);
      else blood.set(stay, [...(blood.get(stay) ?? []), { table, row }]);
    }
  }
  const comfort = await comfortCareMinutes(connection, files, reject);
  const order = chartOrders(stays);
  const charts = [...stays].map(([chartId, rows]): ChartFacts => {
    const units = unitStaysOf(rows);
    const comfortMs = units.flatMap((unit) => {
      const minutes = comfort.get(unit.unitStayId);
      return minutes === undefined ? [] : [unitMs(unit, minutes)];
    });
    const birthDate = birthDateOf(units);
    const [first] = units;
    const outcome = outcomeOf(chartId, units, reject);
    return {
      chartId,
      patientId: first?.row['uniquepid'] ?? '',
      chartOrder: order.get(chartId) ?? 0,
      ...(birthDate === undefined ? {} : { birthDate }),
      ...outcome,
      icuStays: units.map((unit) => icuStayOf(unit, chartId, outcome.admissions[0]?.endMs ?? Infinity, reject)),
      transfusions: units
        .flatMap((unit) => transfusionsOf(unit, blood.get(unit.unitStayId) ?? [], shiftMinutes, reject))
        .sort((a, b) => a.startMs - b.startMs || (a.evidence < b.evidence ? -1 : 1)),
      orders: [],
      ...(comfortMs.length === 0 ? {} : { comfortCareMs: Math.min(...comfortMs) }),
      ...optional('period', first?.row['hospitaldischargeyear']),
      ...optional('hospital', first?.row['hospitalid']),
    };
  });
  const totals = {
    patients: new Set(patients.map((row) => row['uniquepid'])).size,
    admissions: stays.size,
    icuStays: patients.length,
  };
  return { charts: charts.sort((a, b) => (a.chartId < b.chartId ? -1 : 1)), totals };
}

/** A stay in a unit; one that ends after the hospital stay ends with it. */
function icuStayOf(
  { unitStayId, startMs, endMs }: UnitStay,
  admissionId: string,
  dischargeMs: number,
  reject: Reject,
): IcuStayFact {
  if (endMs > dischargeMs) reject('patient: a unit stay ends after the hospital stay (ended with it)');
  if (endMs < startMs) reject('patient: a unit stay ends before it begins (the end is not used)');
  const stay = { stayId: unitStayId, admissionId, startMs };
  return endMs < startMs ? stay : { ...stay, endMs: Math.min(endMs, dischargeMs) };
}

function optional<K extends string>(key: K, text: string | null | undefined): { readonly [P in K]?: string } {
  return text === null || text === undefined || text === '' ? {} : ({ [key]: text } as { readonly [P in K]?: string });
}

function grouped(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, readonly Row[]> {
  const map = new Map<string, Row[]>();
  for (const row of rows) {
    const list = map.get(keyOf(row));
    if (list) list.push(row);
    else map.set(keyOf(row), [row]);
  }
  return map;
}

function transfusionsOf(
  unit: UnitStay,
  rows: readonly { readonly table: BloodTable; readonly row: Row }[],
  shiftMinutes: IntakeShiftMinutes,
  reject: Reject,
): TransfusionEvent[] {
  const events = new Map<string, TransfusionEvent>();
  for (const { table, row } of rows) {
    const event = transfusionOf(table, row, unit, shiftMinutes);
    if (event === undefined) continue;
    if (event === 'no-time') reject(`${table}: a blood product whose offset is no whole number of minutes`);
    else if (events.has(event.evidence)) reject(`${table}: a row id twice`);
    else events.set(event.evidence, event);
  }
  return [...events.values()];
}
