import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ClonedTable } from './full-size.js';

/** How a table of the demo is cloned. Columns that are not named here are copied as they stand. */
export interface TableShape {
  readonly folder: 'hosp' | 'icu';
  readonly times: readonly string[];
  /** Order of a patient's rows, as published. */
  readonly sort: readonly string[];
  /** SQL of a clone's column: `t` is the row of the demo, `p` the new patient. */
  readonly columns?: Readonly<Record<string, string>>;
  /** SQL on `t` and `p`: rows that are cloned at all. */
  readonly where?: string;
  /** SQL on `t` and `p`: rows that thinning to the published row count leaves alone. */
  readonly protectedWhere?: string;
  /** Only patients with an ICU stay have rows. */
  readonly isIcuOnly?: true;
}

const charted = ['charttime', 'storetime'];
const spanning = ['starttime', 'endtime', 'storetime'];
const byStart = ['stay_id', 'starttime', 'orderid', 'itemid'];
/** Order ids are numbered through: base of the patient plus place among the patient's. */
const orders = { orderid: 'p.order_base + t.orderid', linkorderid: 'p.order_base + t.linkorderid' };
const poeId = (column: string): string => `p.new_subject || '-' || split_part(t.${column}, '-', 2)`;

/** Words for charted texts, which the rebuilt demo lacks; lengths as usual for nursing charts. */
const WORDS = [
  ...['WNL', 'Clear', 'Intact', 'Normal', 'Yes', 'No', 'Done', 'Self', 'Left', 'Right', 'None', '30 Degrees', 'Brisk'],
  ...['Bed Locked in Low Position', 'Side Rails Up, Call Light in Reach', 'SR (Sinus Rhythm)', 'Nasal cannula'],
  ...[
    'Turned and repositioned, skin inspected',
    'Oral',
    'Assist of 2',
    'PVCs',
    'Diminished',
    'Pneumatic Compression Device',
  ],
];
const words = `[${WORDS.map((word) => `'${word}'`).join(', ')}]`;
/** Pseudo-random and the same on every run: of the demo's row and the new patient. */
const chance = (salt: string): string => `hash(t.ordinal, p.n, '${salt}')`;

/** Parts per million of blood products given and of ward patients' product orders that are cloned. */
export interface BloodShares {
  readonly transfusedPpm: number;
  readonly wardPpm: number;
}

/** The shape of every table; `isBlood` is SQL on `itemid`. */
export function tableShapes(isBlood: string, shares: BloodShares): Readonly<Record<ClonedTable, TableShape>> {
  const isProductOrder = "(t.order_type = 'Blood Bank' AND t.order_subtype LIKE '%Product Order')";
  return {
    patients: {
      folder: 'hosp',
      times: ['dod'],
      sort: [],
      columns: { anchor_year: 't.anchor_year::INTEGER + p.shift_years', anchor_year_group: 'p.period' },
    },
    admissions: {
      folder: 'hosp',
      times: ['admittime', 'dischtime', 'deathtime', 'edregtime', 'edouttime'],
      sort: ['hadm_id'],
    },
    transfers: {
      folder: 'hosp',
      times: ['intime', 'outtime'],
      sort: ['hadm_id', 'transfer_id'],
      columns: {
        transfer_id: '30000000 + p.transfers_base + t.ordinal',
        careunit:
          "CASE WHEN p.is_icu OR t.careunit NOT SIMILAR TO '.*(Intensive Care|Coronary Care|SICU).*' THEN t.careunit ELSE 'Medicine' END",
      },
    },
    services: { folder: 'hosp', times: ['transfertime'], sort: ['hadm_id', 'transfertime'] },
    diagnoses_icd: { folder: 'hosp', times: [], sort: ['hadm_id', 'seq_num::INTEGER'] },
    labevents: {
      folder: 'hosp',
      times: charted,
      sort: ['labevent_id::INTEGER'],
      columns: { labevent_id: 'p.labevents_base + t.ordinal', specimen_id: 'p.labevents_base + t.specimen_id' },
    },
    poe: {
      folder: 'hosp',
      times: ['ordertime'],
      sort: ['poe_seq::INTEGER'],
      columns: {
        poe_id: poeId('poe_id'),
        discontinue_of_poe_id: poeId('discontinue_of_poe_id'),
        discontinued_by_poe_id: poeId('discontinued_by_poe_id'),
      },
      where: `(p.is_icu OR NOT ${isProductOrder} OR hash(p.n, t.adm, 'ward blood') % 1000000 < ${shares.wardPpm})`,
      protectedWhere: isProductOrder,
    },
    icustays: { folder: 'icu', times: ['intime', 'outtime'], sort: ['stay_id'], isIcuOnly: true },
    chartevents: {
      folder: 'icu',
      times: charted,
      sort: ['stay_id', 'charttime', 'itemid'],
      isIcuOnly: true,
      columns: {
        caregiver_id: "1 + hash(t.charttime::DATE, p.n, 'caregiver') % 99999",
        storetime: `t.charttime + p.shift + to_minutes((${chance('store')} % 91)::INTEGER)`,
        value: `coalesce(t.value, CASE WHEN t.itemid = '223758' THEN CASE WHEN ${chance('code')} % 100 = 0 THEN 'Comfort measures only' ELSE 'Full code' END ELSE ${words}[1 + (${chance('word')} % ${WORDS.length})::INTEGER] END)`,
        warning: `(${chance('warning')} % 40 = 0)::INTEGER`,
      },
    },
    inputevents: {
      folder: 'icu',
      times: spanning,
      sort: byStart,
      isIcuOnly: true,
      columns: orders,
      where: `(NOT t.${isBlood} OR hash(p.n, t.stay, 'transfused') % 1000000 < ${shares.transfusedPpm})`,
      protectedWhere: `t.${isBlood}`,
    },
    outputevents: { folder: 'icu', times: charted, sort: ['stay_id', 'charttime', 'itemid'], isIcuOnly: true },
    procedureevents: { folder: 'icu', times: spanning, sort: byStart, isIcuOnly: true, columns: orders },
  };
}

/** Small tables that are the same at any size. */
export const COPIED = [
  'hosp/d_labitems',
  'hosp/d_icd_diagnoses',
  'hosp/d_icd_procedures',
  'hosp/d_hcpcs',
  'hosp/provider',
  'icu/d_items',
  'icu/caregiver',
] as const;

/** A table of the demo as it stands, all texts. */
export function demoCsv(from: string, path: string): string {
  return `read_csv('${join(from, `${path}.csv.gz`).replaceAll("'", "''")}', all_varchar = true, header = true)`;
}

/** The demo's rows of a table in memory (`demo_<table>`), with the places of row, admission and stay among the patient's. */
export async function loadDemoTable(
  connection: DuckDBConnection,
  from: string,
  table: ClonedTable,
  { folder, times, sort }: TableShape,
): Promise<readonly string[]> {
  await connection.run(`CREATE TABLE raw_${table} AS SELECT * FROM ${demoCsv(from, `${folder}/${table}`)}`);
  const columns = (await connection.runAndReadAll(`SELECT * FROM raw_${table} LIMIT 0`)).columnNames();
  const type = table === 'patients' ? 'DATE' : 'TIMESTAMP';
  const replaced = times.map((time) => `${time}::${type} AS ${time}`);
  const has = (column: string): boolean => columns.includes(column);
  const ids = [
    ...(has('hadm_id') ? ['a.adm'] : []),
    ...(has('stay_id') ? ['s.stay'] : []),
    `row_number() OVER (PARTITION BY t.subject_id ORDER BY ${[...sort, ...columns.map((column) => `"${column}"`)].map((key) => `t.${key}`).join(', ')}) AS ordinal`,
  ];
  if (has('specimen_id'))
    replaced.push('dense_rank() OVER (PARTITION BY t.subject_id ORDER BY t.specimen_id::INTEGER) AS specimen_id');
  if (has('orderid')) replaced.push('o.ordinal AS orderid', 'l.ordinal AS linkorderid');
  await connection.run(
    `CREATE TABLE demo_${table} AS SELECT t.* ${replaced.length === 0 ? '' : `REPLACE (${replaced.join(', ')})`}, ${ids.join(', ')}
       FROM raw_${table} t
       ${has('hadm_id') ? 'LEFT JOIN places_admissions a ON a.hadm_id = t.hadm_id' : ''}
       ${has('stay_id') ? 'LEFT JOIN places_icustays s ON s.stay_id = t.stay_id' : ''}
       ${has('orderid') ? 'LEFT JOIN places_orders o ON o.subject_id = t.subject_id AND o.orderid = t.orderid LEFT JOIN places_orders l ON l.subject_id = t.subject_id AND l.orderid = t.linkorderid' : ''}`,
  );
  await connection.run(`DROP TABLE raw_${table}`);
  return columns;
}

/** Places of admissions, stays and orders among their patient's, which new ids are made of. */
export async function loadPlaces(connection: DuckDBConnection, from: string): Promise<void> {
  const csv = (path: string): string => demoCsv(from, path);
  const place = 'row_number() OVER (PARTITION BY subject_id ORDER BY';
  await connection.run(
    `CREATE TABLE places_admissions AS SELECT hadm_id, ${place} hadm_id) AS adm FROM ${csv('hosp/admissions')};
     CREATE TABLE places_icustays AS SELECT stay_id, ${place} stay_id) AS stay FROM ${csv('icu/icustays')};
     CREATE TABLE places_orders AS SELECT subject_id, orderid, ${place} orderid::INTEGER) AS ordinal FROM (
       SELECT subject_id, orderid FROM ${csv('icu/inputevents')} UNION SELECT subject_id, linkorderid FROM ${csv('icu/inputevents')}
       UNION SELECT subject_id, orderid FROM ${csv('icu/procedureevents')} UNION SELECT subject_id, linkorderid FROM ${csv('icu/procedureevents')})`,
  );
}
