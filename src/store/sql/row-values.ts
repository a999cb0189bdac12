import type { SqlRow } from './sql.js';

/** A text column; throws when the column is missing or holds something else, which is a mistake in a statement. */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} is not text`);
  return value;
}

export function numberOf(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} is not a number`);
  return value;
}

/** An array of texts; a null column is an empty one. */
export function textsOf(row: SqlRow, column: string): readonly string[] {
  const value = row[column] ?? [];
  if (!Array.isArray(value)) throw new TypeError(`column ${column} is not an array`);
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw new TypeError(`column ${column} does not hold texts`);
    return item;
  });
}

/** The literal of a PostgreSQL text array, for a parameter that is cast with `::text::text[]`. */
export function textArray(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`;
}

/** The literal of a PostgreSQL number array (`NaN` stays NaN), for a parameter that is cast with `::text::real[]`. */
export function numberArray(items: Iterable<number>): string {
  return `{${[...items].join(',')}}`;
}

/** ms since the epoch as PostgreSQL reads it. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** A text that PostgreSQL can hold: without NUL and without halves of surrogate pairs, which no UTF-8 has. */
export function storable(text: string): string {
  return text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');
}
