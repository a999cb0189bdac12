import type { SourceAbout } from '../../cohort-source.js';
import type { EicuFiles } from './eicu-files.js';
import { layoutOf, TABLE_NAMES } from './eicu-layout.js';
import { HOURLY_LABS, HOURLY_VITALS } from './hourly-layout.js';
import type { IntakeShiftMinutes } from './transfusions.js';

/** What eICU says of itself, for the dataset card: which tables are there, what stands in, which times are charting times. */
export function aboutEicu({ tables, hourly }: EicuFiles, shiftMinutes: IntakeShiftMinutes): SourceAbout {
  const standIns = [
    ...(tables.has('lab') ? [] : [{ table: 'lab', columns: HOURLY_LABS }]),
    ...(tables.has('vitalPeriodic') ? [] : [{ table: 'vitalPeriodic', columns: HOURLY_VITALS }]),
  ];
  const missing = standIns.map(({ table }) => table).join(' and ');
  const absent = TABLE_NAMES.filter((name) => !tables.has(name) && name !== 'lab' && name !== 'vitalPeriodic');
  return {
    source: 'eicu',
    title: hourly === undefined ? 'eICU Collaborative Research Database' : 'eICU Collaborative Research Database Demo',
    version: hourly === undefined ? '2.0 layout' : '2.0.1 (demo) with hourly stand-ins',
    citation:
      'Pollard TJ, Johnson AEW, Raffa JD, Celi LA, Mark RG, Badawi O. The eICU Collaborative Research Database. Sci Data 2018;5:180178. Demo: https://doi.org/10.13026/4mxk-na84',
    licence: 'PhysioNet Credentialed Health Data License 1.5.0; the demo: ODbL 1.0',
    deathsSeen: 'in-hospital',
    sameDayDeath: 'event',
    caveats: [
      ...(missing === ''
        ? []
        : hourly === undefined
          ? [`No table ${missing} and no hourly values that stand in: such values are missing.`]
          : [
              `Hourly aggregates of YAIB (first 7 days in the unit) stand in for ${missing}: a value of hour h counts as measured at h:00 and known at (h+1):00.`,
              'YAIB left out every unit stay shorter than 6 h (and some others) whole: early in a stay, no hourly value at all tells that the stay will be short. Leave rows that are not scoreable out of training, or judge with and without them.',
            ]),
      `intakeOutput offsets are charting times: a charted volume of blood is taken to have begun ${shiftMinutes} min before, and is known from its charting on.`,
      'Transfusions come from intakeOutput, infusiondrug and treatment: one unit may be charted in several, so units already given may be counted more than once.',
      'Treatments are charted with the daily note: the time is that of the note, and a treatment counts as running for 24 h.',
      'Infusion rates run until the next charting of the drug, 6 h at most.',
      'Physical examinations carry the time a note was begun; they count as known when the note begun then was entered.',
      'APACHE variables are the worst of the first day: known from hour 24 of the unit stay. apachePredVar is left out.',
      'Only deaths in hospital are seen. Hospital stays of a patient in one year have no known order.',
      'Charted in unit stays only: before and outside them (in_icu false) vital signs, drugs and blood given are not in the data.',
      'A ventilator without a named airway counts as invasive.',
      ...(absent.length === 0 ? [] : [`Tables that are not there: ${absent.join(', ')}.`]),
    ],
    columnsRead: [
      ...[...tables.keys()].flatMap((table) => layoutOf(table).columns.map((column) => `${table}.${column}`)),
      ...(hourly === undefined
        ? []
        : ['stay_id', 'time', ...standIns.flatMap(({ columns }) => columns.map(({ column }) => column))].map(
            (column) => `yaib_hourly.${column}`,
          )),
    ],
  };
}
