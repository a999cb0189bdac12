import type { ChartFacts, OrderEvent, TransfusionEvent } from '../../src/cohort/cohort-source.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** Noon of a made-up day, by a clock of offset zero. */
export const NOON = Date.UTC(2150, 2, 4, 12);

/** A patient of 60 in the ICU from noon, in hospital since the day before. */
export function chartOf(changes: Partial<ChartFacts> = {}): ChartFacts {
  return {
    chartId: 'c1',
    patientId: 'p1',
    chartOrder: 0,
    birthDate: '2090-01-01',
    admissions: [{ admissionId: 'a1', startMs: NOON - DAY, endMs: NOON + 20 * DAY, isDeadAtDischarge: false }],
    icuStays: [{ stayId: 's1', admissionId: 'a1', startMs: NOON, endMs: NOON + 10 * DAY }],
    transfusions: [],
    orders: [],
    ...changes,
  };
}

export function orderAt(hours: number, changes: Partial<OrderEvent> = {}): OrderEvent {
  return {
    orderId: `order-${hours}`,
    products: ['rbc'],
    transaction: 'new',
    orderMs: NOON + hours * HOUR,
    admissionId: 'a1',
    ...changes,
  };
}

export function productAt(hours: number, changes: Partial<TransfusionEvent> = {}): TransfusionEvent {
  return { evidence: `given-${hours}`, product: 'rbc', startMs: NOON + hours * HOUR, place: 'bedside', ...changes };
}
