import type { Bundle } from 'fhir/r4.js';
import { classifyCoding, type BloodProductTable } from '../../orders/blood-product-table.js';
import type { ProductClass } from '../../orders/product-class.js';
import { screenOrders } from '../../orders/screen-orders.js';
import { oneLine } from '../fhir-server/outcome-words.js';
import { productsInWords } from './blood-words.js';
import { NearMisses, type NearMiss, type WrittenCoding } from './near-miss.js';
import { ordersToScreen, type OrderToScreen } from './order-to-screen.js';
import type { ReadItem } from './read-orders.js';

/** Orders of the same codings, judged once. Holds codes, displays and counts; nothing of any patient. */
export interface CheckedGroup {
  readonly codings: readonly WrittenCoding[];
  readonly orders: number;
  /** Items of the catalogue with these codings. */
  readonly catalogue: number;
  /** Some were written with spaces around a system or code; the screening looks past them. */
  readonly isUntidy: boolean;
}

export interface LooksLikeBlood extends CheckedGroup {
  /** What it seems to be. */
  readonly suggested: ProductClass;
  /** Products that its words name; empty where only a code gave it away. */
  readonly words: readonly ProductClass[];
  readonly nearMiss?: NearMiss;
}

export interface CheckedOrders {
  /** What the service would answer with a card, by product: `rbc`, `platelets + plasma`, `unspecified`. */
  readonly screened: readonly (CheckedGroup & { readonly product: string })[];
  /** Codes of the table that get no card by design. */
  readonly knownOtherwise: readonly (CheckedGroup & { readonly class: 'excluded' | 'not-a-product-order' })[];
  readonly looksLikeBlood: readonly LooksLikeBlood[];
  readonly other: { readonly orders: number; readonly catalogue: number; readonly groups: number };
  /** `system|code` of everything that is no blood product, so that no overlay maps a code that is used for other things too. */
  readonly otherCodes: ReadonlySet<string>;
}

/** Judges every order and item by the service's own screening, as if it were being signed, and looks closer at what that passes over. */
export function checkOrders(items: readonly ReadItem[], table: BloodProductTable): CheckedOrders {
  const nearMisses = new NearMisses(table);
  const screened: CheckedOrders['screened'][number][] = [];
  const knownOtherwise: CheckedOrders['knownOtherwise'][number][] = [];
  const looksLikeBlood: LooksLikeBlood[] = [];
  const other = { orders: 0, catalogue: 0, groups: 0 };
  const otherCodes = new Set<string>();
  for (const { example, words, ...group } of grouped(items)) {
    const verdict = judge(example, words, table, nearMisses);
    switch (verdict.kind) {
      case 'screened':
        screened.push({ ...group, product: verdict.product });
        break;
      case 'known-otherwise':
        knownOtherwise.push({ ...group, class: verdict.class });
        break;
      case 'looks-like-blood': {
        const { suggested, nearMiss } = verdict;
        looksLikeBlood.push({ ...group, suggested, words, ...(nearMiss && { nearMiss }) });
        break;
      }
      case 'other':
        other.orders += group.orders;
        other.catalogue += group.catalogue;
        other.groups += 1;
        for (const { system, code } of group.codings) otherCodes.add(`${system}|${code}`);
        break;
    }
  }
  return {
    screened: screened.sort(byCount),
    knownOtherwise: knownOtherwise.sort(byCount),
    looksLikeBlood: looksLikeBlood.sort(byCount),
    other,
    otherCodes,
  };
}

type Verdict =
  | { readonly kind: 'screened'; readonly product: string }
  | { readonly kind: 'known-otherwise'; readonly class: 'excluded' | 'not-a-product-order' }
  | { readonly kind: 'looks-like-blood'; readonly suggested: ProductClass; readonly nearMiss?: NearMiss }
  | { readonly kind: 'other' };

function judge(
  example: OrderToScreen,
  words: readonly ProductClass[],
  table: BloodProductTable,
  nearMisses: NearMisses,
): Verdict {
  const outcome = screenOrders(bundleOf(example), 'nobody', table);
  const [order] = outcome.kind === 'blood' ? outcome.orders : [];
  if (order && order.matchedBy !== 'text') {
    return { kind: 'screened', product: order.products.length === 0 ? 'unspecified' : order.products.join(' + ') };
  }
  const classes = example.written.map((coding) => classifyCoding(table, trimmed(coding)));
  const known = classes.find((one) => one === 'excluded' || one === 'not-a-product-order');
  if (known !== undefined) return { kind: 'known-otherwise', class: known };
  const saysBlood = words.length > 0 || outcome.textOnly.length > 0;
  const nearMiss = example.written
    .map((coding) => nearMisses.find(coding, saysBlood))
    .find((miss) => miss !== undefined && !['excluded', 'not-a-product-order'].includes(miss.known.class));
  if (!saysBlood && !nearMiss) return { kind: 'other' };
  const [only, ...more] = words;
  const suggested = nearMiss?.known.class ?? (only !== undefined && more.length === 0 ? only : 'unspecified');
  return { kind: 'looks-like-blood', suggested, ...(nearMiss && { nearMiss }) };
}

function bundleOf({ order, medication }: OrderToScreen): Bundle {
  // The screening reads whatever a client sends and never trusts its shape: what has been read is as good.
  const entry = [order, ...(medication ? [medication] : [])].map((resource) => ({ resource }));
  return { resourceType: 'Bundle', type: 'collection', entry } as unknown as Bundle;
}

interface Group extends CheckedGroup {
  readonly words: readonly ProductClass[];
  readonly example: OrderToScreen;
}

/** By codings and by what the words name; the words themselves, which may be about a patient, go no further than here. */
function grouped(items: readonly ReadItem[]): Iterable<Group> {
  const groups = new Map<string, Group & { orders: number; catalogue: number; isUntidy: boolean }>();
  for (const { isCatalogue, order } of items.flatMap((item) =>
    ordersToScreen(item).map((one) => ({ isCatalogue: item.isCatalogue, order: one })),
  )) {
    const codings = order.written.filter(({ code }) => code.trim() !== '').map(trimmed);
    const words = productsInWords(textsOf(order));
    const key = JSON.stringify([codings.map(({ system, code }) => `${system}|${code}`).sort(), words]);
    let group = groups.get(key);
    if (!group) {
      group = { codings, words, example: order, orders: 0, catalogue: 0, isUntidy: false };
      groups.set(key, group);
    }
    if (isCatalogue) group.catalogue += 1;
    else group.orders += 1;
    group.isUntidy ||= order.written.some(({ system, code }) => system !== system.trim() || code !== code.trim());
  }
  return groups.values();
}

function trimmed({ system, code, display }: WrittenCoding): WrittenCoding {
  return {
    system: oneLine(system),
    code: oneLine(code),
    ...(display === undefined ? {} : { display: oneLine(display) }),
  };
}

/** Every text of the concepts, displays among them, wherever they stand in the order. */
function textsOf({ order, medication }: OrderToScreen): readonly string[] {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value)) {
        if (typeof item === 'string' && (name === 'text' || name === 'display')) texts.push(item);
        else collect(item);
      }
    }
  };
  collect(order);
  if (medication) collect(medication['code']);
  return texts;
}

function byCount(a: CheckedGroup, b: CheckedGroup): number {
  return b.orders + b.catalogue - (a.orders + a.catalogue);
}
