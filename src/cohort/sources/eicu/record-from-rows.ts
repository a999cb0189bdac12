import type { SourceKey } from '../../../concepts/concept.js';
import { dropIntubatedVerbal } from '../../../record/intubated-verbal.js';
import type {
  Administration,
  EncounterInterval,
  PatientRecord,
  SourceCoverage,
} from '../../../record/patient-record.js';
import { startRejectionTally, type RejectionTally } from '../../../record/rejection-tally.js';
import { apacheNumbers } from './apache-numbers.js';
import { bodyNumbers, comaNumber, respiratoryNumber, urineNumber } from './bedside-numbers.js';
import { isChartingHospital, rowsOf, type ChartRows, type UnitRows } from './chart-rows.js';
import { observedValue, type ChartedNumber } from './charted-number.js';
import { minutesOf, unitMs } from './eicu-time.js';
import { hourlyNumbers } from './hourly-numbers.js';
import { infusionsOf } from './infusions.js';
import { labNumber } from './lab-numbers.js';
import { treatedSupport, ventilators } from './life-support.js';
import { noteTexts } from './note-texts.js';
import { conditionsOf } from './past-history.js';
import { transfusionOf } from './transfusions.js';
import { birthDateOf, chartIdOf } from './unit-stays.js';
import { ADMISSION_MS } from './eicu-time.js';
import { monitoredNumbers, nursedNumber } from './vital-numbers.js';

/** A chart as a record, and the numbers it was made of. */
export interface EicuRecord {
  readonly record: PatientRecord;
  readonly numbers: readonly ChartedNumber[];
}

/**
 * The record of a hospital stay, all its unit stays together on one axis. What was not yet available at a prediction time is
 * hidden by `mapFeatures`. `reject` counts rows left out, by `table: reason`.
 */
export function recordFromRows(chart: ChartRows, reject: (words: string) => void): EicuRecord {
  const tally = startRejectionTally();
  const perUnit = chart.units.map((unit) => ({ unit, numbers: numbersOf(unit, chart, tally) }));
  const procedures = chart.units.flatMap((unit) => [
    ...treatedSupport(rowsOf(unit, 'treatment'), unit.stay),
    ...ventilators(rowsOf(unit, 'respiratoryCare'), unit.stay),
  ]);
  const all = perUnit.flatMap(({ unit, numbers }) => numbers.flatMap((one) => observedValue(one, unit.stay, tally)));
  const { values, dropped } = dropIntubatedVerbal(all, procedures);
  tally.add('intubated-verbal', 'gcs_verbal', dropped);
  const stays = chart.units.map(({ stay }) => stay);
  const birthDate = birthDateOf(stays);
  const gender = stays[0]?.row['gender']?.toLowerCase();
  const record: PatientRecord = {
    ...(birthDate === undefined ? {} : { birthDate }),
    sex: gender === 'male' || gender === 'female' || gender === 'other' ? gender : 'unknown',
    values,
    administrations: chart.units.flatMap((unit) => [
      ...bloodGiven(unit, chart),
      ...infusionsOf(rowsOf(unit, 'infusiondrug'), unit.stay, reject),
    ]),
    procedures,
    encounters: encountersOf(chart),
    conditions: chart.units.flatMap((unit) => conditionsOf(rowsOf(unit, 'pastHistory'), unit.stay)),
    notes: chart.units.flatMap((unit) => noteTexts(unit, reject)),
    orders: [],
    coverage: coverageOf(chart),
    rejections: tally.counts(),
  };
  return { record, numbers: perUnit.flatMap(({ numbers }) => numbers) };
}

function numbersOf(unit: UnitRows, { info }: ChartRows, tally: RejectionTally): ChartedNumber[] {
  return [
    ...bodyNumbers(unit.stay.row),
    ...rowsOf(unit, 'lab').flatMap(labNumber),
    ...rowsOf(unit, 'vitalPeriodic').flatMap((row) => monitoredNumbers('vitalPeriodic', row)),
    ...rowsOf(unit, 'vitalAperiodic').flatMap((row) => monitoredNumbers('vitalAperiodic', row)),
    ...rowsOf(unit, 'nurseCharting').flatMap(nursedNumber),
    ...rowsOf(unit, 'respiratoryCharting').flatMap(respiratoryNumber),
    ...rowsOf(unit, 'intakeOutput').flatMap(urineNumber),
    ...rowsOf(unit, 'physicalExam').flatMap(comaNumber),
    ...rowsOf(unit, 'apacheApsVar').flatMap((row) => apacheNumbers(row, tally)),
    ...unit.hourly.flatMap((row) => hourlyNumbers(row, unit.stay.unitStayId, info)),
  ];
}

/** Products charted as volumes and as treatments; red cells on a pump are with the infusions. */
function bloodGiven(unit: UnitRows, { info }: ChartRows): Administration[] {
  return (['intakeOutput', 'treatment'] as const).flatMap((table) =>
    rowsOf(unit, table).flatMap((row): Administration[] => {
      const event = transfusionOf(table, row, unit.stay, info.intakeShiftMinutes);
      if (event === undefined || event === 'no-time') return [];
      const chartedMinutes = minutesOf(row[table === 'treatment' ? 'treatmentoffset' : 'intakeoutputoffset']) ?? NaN;
      const entered = table === 'treatment' ? undefined : minutesOf(row['intakeoutputentryoffset']);
      return [
        {
          kind: 'blood',
          agent: event.product,
          startMs: event.startMs,
          endMs: unitMs(unit.stay, chartedMinutes),
          availableMs: unitMs(unit.stay, Math.max(chartedMinutes, entered ?? chartedMinutes)),
          ...(event.volumeMl === undefined ? {} : { volumeMl: event.volumeMl }),
          evidence: event.evidence,
        },
      ];
    }),
  );
}

/**
 * The hospital stay without its end (it is never over at an index), and each unit stay with its own, which the mapping hides until
 * it has come. An emergency department as the source of the admission makes it an emergency; other sources do not tell.
 */
function encountersOf({ units }: ChartRows): EncounterInterval[] {
  const [first] = units;
  if (!first) return [];
  const isEmergency = units.some(({ stay }) => stay.row['hospitaladmitsource'] === 'Emergency Department');
  return [
    {
      setting: 'inpatient',
      ...(isEmergency ? { admissionType: 'emergency' as const } : {}),
      startMs: ADMISSION_MS,
      evidence: `hospital/${chartIdOf(first.stay.row)}`,
    },
    ...units.map(({ stay }) => ({
      setting: 'icu' as const,
      startMs: stay.startMs,
      ...(stay.endMs < stay.startMs ? {} : { endMs: stay.endMs }),
      evidence: `patient/${stay.unitStayId}`,
    })),
  ];
}

const covered: SourceCoverage = { kind: 'covered', sinceMs: null, origin: 'dataset' };
const notSupported: SourceCoverage = { kind: 'unavailable', reason: 'not-supported' };

/**
 * "None" means none only where the hospital uses the table at all: eICU's hospitals connect different systems. Hourly stand-ins
 * cover the time in the unit, and only stays that they have.
 */
function coverageOf(chart: ChartRows): Readonly<Record<SourceKey, SourceCoverage>> {
  const { info, units } = chart;
  const where = (isUsed: boolean): SourceCoverage => (isUsed ? covered : notSupported);
  const inUnit: SourceCoverage = {
    kind: 'covered',
    sinceMs: Math.min(...units.map(({ stay }) => stay.startMs)),
    origin: 'dataset',
  };
  const hasHourly = units.some(({ hourly }) => hourly.length > 0);
  const has = (...tables: readonly (typeof info.tables)[number][]): boolean =>
    tables.some((table) => info.tables.includes(table));
  return {
    patient: covered,
    encounters: covered,
    labs: has('lab') ? covered : info.hourly.labs && hasHourly ? inUnit : notSupported,
    vitals: has('vitalPeriodic', 'vitalAperiodic') || (info.hourly.vitals && hasHourly) ? inUnit : notSupported,
    bedside: where(isChartingHospital(chart, 'respiratoryCharting')),
    administrations: where(isChartingHospital(chart, 'infusiondrug')),
    procedures: where(isChartingHospital(chart, 'treatment')),
    conditions: where(isChartingHospital(chart, 'pastHistory')),
    notes: where(has('note', 'physicalExam', 'treatment')),
  };
}
