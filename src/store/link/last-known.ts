/** A value that is asked for anew every few seconds, and is the last known one when it cannot be. */
export interface LastKnown<T> {
  /** Throws what `read` threw when there never was a value. */
  get(): Promise<T>;
  /** Asks anew the next time. */
  forget(): void;
}

/** `onFallback` is called once for every stretch in which the last known value stands in. Readers that come together share one read. */
export function lastKnown<T>(
  read: () => Promise<T>,
  options: { readonly freshMs: number; readonly onFallback: () => void },
): LastKnown<T> {
  let known: { readonly value: T; readonly atMs: number } | undefined;
  let reading: Promise<T> | undefined;
  let fellBack = false;
  let generation = 0;
  let knownOf = -1;
  const readNow = async (): Promise<T> => {
    const mine = generation;
    try {
      const value = await read();
      known = { value, atMs: performance.now() };
      knownOf = mine;
      fellBack = false;
      return value;
    } catch (error) {
      if (!known) throw error;
      if (!fellBack) options.onFallback();
      fellBack = true;
      return known.value;
    } finally {
      if (mine === generation) reading = undefined;
    }
  };
  return {
    get() {
      if (known && knownOf === generation && performance.now() - known.atMs < options.freshMs)
        return Promise.resolve(known.value);
      reading ??= readNow();
      return reading;
    },
    forget() {
      generation += 1;
      reading = undefined;
    },
  };
}
