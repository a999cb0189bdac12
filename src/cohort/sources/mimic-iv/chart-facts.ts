import type { DuckDBConnection } from '@duckdb/node-api';
import { ServiceError } from '../../../errors/service-error.js';
import { agentOfMimicItem } from '../../../record/administration-code-table.js';
import type {
  AdmissionFact,
  ChartFacts,
  IcuStayFact,
  OrderEvent,
  SourceTotals,
  TransfusionEvent,
} from '../../cohort-source.js';
import { readBloodOrder } from './blood-orders.js';
import type { Row } from './csv-layout.js';
import { isBadTime, mimicMs } from './mimic-time.js';
import { administrationEvidence, birthDateOf, numberOf } from './record-from-rows.js';
import { patientIdOf } from './resources-from-rows.js';

/** Items charted by the operating room and the recovery room, on arrival in the ICU. @see d_items labels `OR …`, `PACU …` */
const OPERATING_ROOM_ITEMS = new Set([226368, 226367, 226369, 226371]);
const RECOVERY_ROOM_ITEMS = new Set([227070, 227072, 227071]);

/** Counts a row that is left out, by `table: reason`. */
export type Reject = (words: string) => void;

/** Small tables, already in the connection under their own names and narrowed to blood orders and blood products. */
export async function factsFromTables(
  connection: DuckDBConnection,
  reject: Reject,
): Promise<{ readonly charts: readonly ChartFacts[]; readonly totals: SourceTotals }> {
  const rows = async (sql: string): Promise<readonly Row[]> =>
    (await connection.runAndReadAll(sql)).getRowObjects() as unknown as readonly Row[];
  const grouped = async (table: string): Promise<ReadonlyMap<string, readonly Row[]>> =>
    bySubject(await rows(`SELECT * FROM ${table} SEMI JOIN candidates USING (subject_id) ORDER BY ALL`));
  const count = async (table: string): Promise<number> =>
    Number((await rows(`SELECT count(*) AS n FROM ${table}`))[0]?.['n']);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE candidates AS
       SELECT subject_id FROM poe UNION SELECT subject_id FROM blood_inputs UNION SELECT subject_id FROM icustays`,
  );
  const patients = await rows(`SELECT * FROM patients SEMI JOIN candidates USING (subject_id) ORDER BY subject_id`);
  const [admissions, icustays, poe, blood] = [
    await grouped('admissions'),
    await grouped('icustays'),
    await grouped('poe'),
    await grouped('blood_inputs'),
  ];
  const known = new Set(patients.map((patient) => patient['subject_id']));
  for (const [table, own] of [
    ['hosp/poe', poe],
    ['icu/inputevents', blood],
    ['icu/icustays', icustays],
  ] as const) {
    const orphans = [...own.keys()].filter((subject) => !known.has(subject)).length;
    if (orphans > 0) {
      throw new ServiceError('ERR_DATASET', {
        detail: `${table}: rows of ${orphans} patients who are not in hosp/patients`,
      });
    }
  }
  for (const [table, name] of [
    ['poe', 'hosp/poe: a product order without a patient'],
    ['blood_inputs', 'icu/inputevents: a blood product without a patient'],
    ['icustays', 'icu/icustays: a stay without a patient'],
  ] as const) {
    const nobody = Number((await rows(`SELECT count(*) AS n FROM ${table} WHERE subject_id IS NULL`))[0]?.['n']);
    for (let i = 0; i < nobody; i++) reject(name);
  }
  const charts = patients.map((patient) => {
    const subject = patient['subject_id'] ?? '';
    const own = {
      admissions: admissions.get(subject) ?? [],
      icustays: icustays.get(subject) ?? [],
      poe: poe.get(subject) ?? [],
      blood: blood.get(subject) ?? [],
    };
    return factsOf(patient, own, reject);
  });
  const totals = {
    patients: await count('patients'),
    admissions: await count('admissions'),
    icuStays: await count('icustays'),
  };
  return { charts: charts.sort((a, b) => (a.chartId < b.chartId ? -1 : 1)), totals };
}

function bySubject(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const map = new Map<string, Row[]>();
  for (const row of rows) {
    const subject = row['subject_id'] ?? '';
    const list = map.get(subject);
    if (list) list.push(row);
    else map.set(subject, [row]);
  }
  return map;
}

function factsOf(
  patient: Row,
  own: Readonly<Record<'admissions' | 'icustays' | 'poe' | 'blood', readonly Row[]>>,
  reject: Reject,
): ChartFacts {
  const chartId = patientIdOf(patient['subject_id'] ?? '');
  const dod = mimicMs(patient['dod'] ?? null);
  const birthDate = birthDateOf(patient);
  const impossibleOutcome = unreadableDeath(patient, own.admissions, reject);
  return {
    chartId,
    patientId: chartId,
    chartOrder: 0,
    ...(birthDate === undefined ? {} : { birthDate }),
    ...(impossibleOutcome === undefined ? {} : { impossibleOutcome }),
    admissions: own.admissions.flatMap((row) => admissionOf(row, dod !== undefined, reject)),
    icuStays: own.icustays.flatMap((row) => icuStayOf(row, reject)),
    transfusions: own.blood
      .flatMap((row) => transfusionOf(row, reject))
      .sort((a, b) => a.startMs - b.startMs || (a.evidence < b.evidence ? -1 : 1)),
    orders: own.poe.flatMap((row) => orderOf(row, reject)),
    ...(dod === undefined
      ? {}
      : { deathDay: Math.floor(Date.parse((patient['dod'] ?? '').slice(0, 10)) / 86_400_000) }),
    ...(patient['anchor_year_group'] ? { period: patient['anchor_year_group'] } : {}),
  };
}

/** A death on record that no calendar has would make a survivor of the dead: the patient is left out, and counted. */
function unreadableDeath(patient: Row, admissions: readonly Row[], reject: Reject): string | undefined {
  if (isBadTime(patient['dod'])) {
    reject('hosp/patients: a date of death that is none (the patient is left out)');
    return 'date of death';
  }
  if (admissions.some((row) => isBadTime(row['deathtime']))) {
    reject('hosp/admissions: a death time that is none (the patient is left out)');
    return 'death time';
  }
  return undefined;
}

function admissionOf(row: Row, hasDeathDate: boolean, reject: Reject): AdmissionFact[] {
  const startMs = mimicMs(row['admittime'] ?? null);
  const endMs = mimicMs(row['dischtime'] ?? null);
  const isDead = row['hospital_expire_flag'] === '1';
  const charted = mimicMs(row['deathtime'] ?? null);
  if (startMs === undefined) {
    reject('hosp/admissions: no admission time');
    return [];
  }
  if (endMs !== undefined && endMs < startMs)
    reject('hosp/admissions: discharge before admission (the end is not used)');
  if (isDead && charted === undefined) {
    reject(
      `hosp/admissions: dead at discharge without a death time (counted by ${hasDeathDate ? 'date' : 'the time of discharge'})`,
    );
  }
  const deathMs = charted ?? (isDead && !hasDeathDate ? endMs : undefined);
  return [
    {
      admissionId: row['hadm_id'] ?? '',
      startMs,
      ...(endMs === undefined || endMs < startMs ? {} : { endMs }),
      ...(deathMs === undefined ? {} : { deathMs }),
      isDeadAtDischarge: isDead || deathMs !== undefined,
    },
  ];
}

function icuStayOf(row: Row, reject: Reject): IcuStayFact[] {
  const startMs = mimicMs(row['intime'] ?? null);
  const endMs = mimicMs(row['outtime'] ?? null);
  if (startMs === undefined) {
    reject('icu/icustays: no start');
    return [];
  }
  if (endMs !== undefined && endMs < startMs) {
    reject('icu/icustays: out before in');
    return [];
  }
  const ended = endMs === undefined ? {} : { endMs };
  return [{ stayId: row['stay_id'] ?? '', admissionId: row['hadm_id'] ?? '', startMs, ...ended }];
}

function transfusionOf(row: Row, reject: Reject): TransfusionEvent[] {
  const item = Number(row['itemid']);
  const agent = agentOfMimicItem(item);
  const startMs = mimicMs(row['starttime'] ?? null);
  if (agent?.kind !== 'blood') return [];
  if (startMs === undefined) {
    reject('icu/inputevents: a blood product without a start time');
    return [];
  }
  const amount = numberOf(row['amount']);
  return [
    {
      evidence: administrationEvidence(row),
      product: productOf(agent.agent),
      startMs,
      ...(row['amountuom']?.toLowerCase() === 'ml' && amount >= 0 ? { volumeMl: amount } : {}),
      place: OPERATING_ROOM_ITEMS.has(item)
        ? 'operating-room'
        : RECOVERY_ROOM_ITEMS.has(item)
          ? 'recovery-room'
          : 'bedside',
    },
  ];
}

function productOf(agent: string): TransfusionEvent['product'] {
  switch (agent) {
    case 'rbc':
    case 'platelets':
    case 'plasma':
    case 'cryo':
    case 'whole-blood':
    case 'granulocytes':
      return agent;
    default:
      return 'unspecified';
  }
}

const TRANSACTIONS = { New: 'new', Change: 'change', 'D/C': 'discontinue' } as const;

function orderOf(row: Row, reject: Reject): OrderEvent[] {
  const order = readBloodOrder(row);
  if (!order) {
    reject('hosp/poe: a product order whose product, transaction or time is not known');
    return [];
  }
  return [
    {
      orderId: `poe-${order.poeId}`,
      products: [order.product],
      transaction: TRANSACTIONS[order.transaction],
      orderMs: order.orderMs,
      admissionId: order.hadmId === '' ? null : order.hadmId,
    },
  ];
}
