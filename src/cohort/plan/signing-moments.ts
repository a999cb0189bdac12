import type { OrderEvent } from '../cohort-source.js';

const MINUTE_MS = 60_000;

/** Orders of one chart signed within one calendar minute: one hook call. */
export interface SigningMoment<Order> {
  readonly orders: readonly Order[];
  /** The latest order time of the minute. */
  readonly timeMs: number;
}

/** Signings (new and changed orders) by minute, in time order; a discontinued order is no signing. */
export function signingMoments<Order extends Pick<OrderEvent, 'transaction' | 'orderMs'>>(
  orders: readonly Order[],
): readonly SigningMoment<Order>[] {
  const byMinute = new Map<number, Order[]>();
  for (const order of orders) {
    if (order.transaction === 'discontinue') continue;
    const minute = Math.floor(order.orderMs / MINUTE_MS);
    const list = byMinute.get(minute);
    if (list) list.push(order);
    else byMinute.set(minute, [order]);
  }
  return [...byMinute.values()]
    .map((list) => ({ orders: list, timeMs: Math.max(...list.map(({ orderMs }) => orderMs)) }))
    .sort((a, b) => a.timeMs - b.timeMs);
}
