import type { BloodProduct } from '../../../record/patient-record.js';
import { ServiceError } from '../../../errors/service-error.js';
import type { Row } from './csv-layout.js';
import { mimicMs } from './mimic-time.js';

/** A blood bank product order of `poe`. */
export interface MimicBloodOrder {
  readonly poeId: string;
  readonly subjectId: string;
  readonly hadmId: string;
  readonly product: BloodProduct;
  /** New: signed. Change: signed again, revised. D/C: discontinued, no signing. */
  readonly transaction: 'New' | 'Change' | 'D/C';
  readonly orderMs: number;
}

/** Orders of one patient signed within one minute: one hook call. */
export interface SigningSession {
  readonly subjectId: string;
  readonly orders: readonly MimicBloodOrder[];
  /** The latest order time of the session. */
  readonly predictionTimeMs: number;
}

const PRODUCTS: Readonly<Record<string, BloodProduct>> = {
  'Red Cell Product Order': 'rbc',
  'Platelet Product Order': 'platelets',
  'Frozen Plasma Product Order': 'plasma',
  'Cryoprecipitate Product Order': 'cryo',
};
const MINUTE_MS = 60_000;

/** The product orders of `poe` rows, in time order. Throws ERR_DATASET for a product, transaction or time it does not know. */
export function bloodOrdersOf(rows: readonly Row[]): readonly MimicBloodOrder[] {
  return rows.map(bloodOrderOf).sort((a, b) => a.orderMs - b.orderMs || (a.poeId < b.poeId ? -1 : 1));
}

function bloodOrderOf(row: Row): MimicBloodOrder {
  const order = readBloodOrder(row);
  if (order) return order;
  throw new ServiceError('ERR_DATASET', {
    detail: `hosp/poe.csv: row ${row['poe_id'] ?? ''} has an order type, transaction or time that is not known`,
  });
}

/** One product order of `poe`; undefined for a product, transaction or time that is not known. */
export function readBloodOrder(row: Row): MimicBloodOrder | undefined {
  const product = PRODUCTS[row['order_subtype'] ?? ''];
  const transaction = row['transaction_type'];
  const orderMs = mimicMs(row['ordertime'] ?? null);
  if (!product || orderMs === undefined) return undefined;
  if (transaction !== 'New' && transaction !== 'Change' && transaction !== 'D/C') return undefined;
  const [poeId, subjectId, hadmId] = [row['poe_id'] ?? '', row['subject_id'] ?? '', row['hadm_id'] ?? ''];
  return { poeId, subjectId, hadmId, product, transaction, orderMs };
}

/** Signed orders (New and Change) by patient and minute, in time order. */
export function signingSessions(orders: readonly MimicBloodOrder[]): readonly SigningSession[] {
  const sessions = new Map<string, MimicBloodOrder[]>();
  for (const order of orders) {
    if (order.transaction === 'D/C') continue;
    const key = `${order.subjectId} ${Math.floor(order.orderMs / MINUTE_MS)}`;
    const list = sessions.get(key);
    if (list) list.push(order);
    else sessions.set(key, [order]);
  }
  return [...sessions.values()].map((list) => ({
    subjectId: list[0]?.subjectId ?? '',
    orders: list,
    predictionTimeMs: Math.max(...list.map(({ orderMs }) => orderMs)),
  }));
}
