import type { StoredResource } from './sandbox-store.js';

/** What a search finds, looked for only as far as it is asked for: a first page does not read the whole chart. */
export class FoundRows {
  readonly #found: StoredResource[] = [];
  readonly #source: Iterator<StoredResource>;
  #isExhausted = false;

  constructor(rows: Iterable<StoredResource>) {
    this.#source = rows[Symbol.iterator]();
  }

  /** The rows from `start` up to, not including, `end`. */
  slice(start: number, end: number): readonly StoredResource[] {
    this.#seek(end);
    return this.#found.slice(start, end);
  }

  /** Are there more than `count`? */
  exceeds(count: number): boolean {
    this.#seek(count + 1);
    return this.#found.length > count;
  }

  /** How many there are in all; reads everything. */
  total(): number {
    this.#seek(Infinity);
    return this.#found.length;
  }

  #seek(count: number): void {
    while (!this.#isExhausted && this.#found.length < count) {
      const step = this.#source.next();
      if (step.done === true) this.#isExhausted = true;
      else this.#found.push(step.value);
    }
  }
}
