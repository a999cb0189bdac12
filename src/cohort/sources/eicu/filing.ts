import type { FilingTime, LeakageTrap } from '../../cohort-source.js';
import type { ChartRows, UnitRows } from './chart-rows.js';
import type { Row, TableName } from './eicu-layout.js';
import type { UnitStay } from './unit-stays.js';

const MINUTE_MS = 60_000;
const ADMITTED_MS = Date.UTC(2014, 0, 1);

/** The offsets of a row of which the latest is its filing, and the trap of a row shown earlier. */
const FILED: Readonly<Partial<Record<TableName, { readonly offsets: readonly string[]; readonly trap: LeakageTrap }>>> =
  {
    lab: { offsets: ['labresultoffset', 'labresultrevisedoffset'], trap: 'result-filed-after-index' },
    vitalPeriodic: { offsets: ['observationoffset'], trap: 'result-filed-after-index' },
    vitalAperiodic: { offsets: ['observationoffset'], trap: 'result-filed-after-index' },
    nurseCharting: { offsets: ['nursingchartoffset', 'nursingchartentryoffset'], trap: 'result-filed-after-index' },
    respiratoryCharting: { offsets: ['respchartoffset', 'respchartentryoffset'], trap: 'result-filed-after-index' },
    physicalExam: { offsets: ['physicalexamoffset', 'noteenteredoffset'], trap: 'result-filed-after-index' },
    infusiondrug: { offsets: ['infusionoffset'], trap: 'administration-filed-after-index' },
    pastHistory: { offsets: ['pasthistoryenteredoffset'], trap: 'same-admission-diagnosis' },
  };

/**
 * Filing times of a chart's rows by `evidence`, straight from the columns of the tables: none of the code that makes the record
 * is asked. Rows that give no fact are in it too.
 */
export function filingOf({ units }: ChartRows): ReadonlyMap<string, FilingTime> {
  const ledger = new Map<string, FilingTime>();
  for (const unit of units) {
    const file = (evidence: string, trap: LeakageTrap, ...minutes: readonly number[]): void => {
      const before = ledger.get(evidence);
      const availableMs = Math.max(before?.availableMs ?? -Infinity, ...minutes.map((one) => clock(unit.stay, one)));
      ledger.set(evidence, { availableMs, trap });
    };
    file(`patient/${unit.stay.unitStayId}`, 'result-filed-after-index', 0);
    fileColumns(unit, file);
    fileByMeaning(unit, file);
    fileTexts(unit, file);
    for (const { hour } of unit.hourly) {
      const bin = hour ?? NaN;
      file(`yaib_hourly/${unit.stay.unitStayId}-${bin}`, 'hourly-bin-before-its-end', (bin + 1) * 60);
    }
  }
  return ledger;
}

type File = (evidence: string, trap: LeakageTrap, ...minutes: readonly number[]) => void;

function clock({ row }: UnitStay, minutes: number): number {
  return ADMITTED_MS + (minutes - Number(row['hospitaladmitoffset'])) * MINUTE_MS;
}

function fileColumns({ tables }: UnitRows, file: File): void {
  for (const [table, rows] of Object.entries(tables)) {
    const filed = Object.entries(FILED).find(([name]) => name === table)?.[1];
    for (const row of filed ? rows : []) {
      if (filed) file(`${table}/${firstCell(row)}`, filed.trap, ...given(row, filed.offsets));
    }
  }
}

/** Tables whose rows are of more than one kind. */
function fileByMeaning({ tables }: UnitRows, file: File): void {
  for (const row of tables.intakeOutput ?? []) {
    const isBlood = row['cellpath']?.includes('Blood Products (ml)') === true;
    const trap = isBlood ? 'administration-filed-after-index' : 'result-filed-after-index';
    file(`intakeOutput/${firstCell(row)}`, trap, ...given(row, ['intakeoutputoffset', 'intakeoutputentryoffset']));
  }
  for (const row of tables.treatment ?? []) {
    const isBlood = row['treatmentstring']?.toLowerCase().includes('blood product') === true;
    const trap = isBlood ? 'administration-filed-after-index' : 'procedure-filed-after-index';
    file(`treatment/${firstCell(row)}`, trap, ...given(row, ['treatmentoffset']));
  }
  for (const row of tables.respiratoryCare ?? []) {
    const id = `respiratoryCare/${firstCell(row)}`;
    file(id, 'procedure-filed-after-index', ...given(row, ['respcarestatusoffset']));
    file(`${id}-prior`, 'procedure-filed-after-index', ...given(row, ['respcarestatusoffset', 'priorventendoffset']));
  }
  for (const row of tables.apacheApsVar ?? []) {
    file(`apacheApsVar/${firstCell(row)}`, 'apache-before-hour-24', 24 * 60);
  }
}

const ENTERED: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  note: ['noteoffset', 'noteenteredoffset'],
  pastHistory: ['pasthistoryenteredoffset'],
  physicalExam: ['physicalexamoffset', 'noteenteredoffset'],
  treatment: ['treatmentoffset'],
};

/** A text holds every row that was entered at its minute. */
function fileTexts({ tables, stay }: UnitRows, file: File): void {
  for (const [table, rows] of Object.entries(tables)) {
    const columns = Object.entries(ENTERED).find(([name]) => name === table)?.[1];
    for (const row of columns ? rows : []) {
      const entered = Math.max(...given(row, columns ?? []));
      file(`text/${stay.unitStayId}-${entered}`, 'note-filed-after-index', entered);
    }
  }
}

function given(row: Row, columns: readonly string[]): number[] {
  return columns.flatMap((column) => {
    const cell = row[column] ?? '';
    return cell.trim() === '' ? [] : [Number(cell)];
  });
}

function firstCell(row: Row): string {
  return Object.values(row)[0] ?? '';
}
