/**
 * Reading JSON that a client built in memory and nobody validated: an element of the wrong shape is the same as an
 * absent one, and a single object stands for a list of one (clients send `category` and `orderDetail` so).
 */
export type LooseObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is LooseObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(parent: LooseObject, key: string): LooseObject | undefined {
  const value = parent[key];
  return isObject(value) ? value : undefined;
}

export function objectsAt(parent: LooseObject, key: string): readonly LooseObject[] {
  const value = parent[key];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter(isObject);
}

/** The trimmed string, or undefined where it is missing, empty or not a string. */
export function textAt(parent: LooseObject, key: string): string | undefined {
  const value = parent[key];
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed;
}

export function numberAt(parent: LooseObject, key: string): number | undefined {
  const value = parent[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
