const WIDTH = 24;

/** A function that gives the words of a progress line: a bar, the count, and the time left at the pace so far. */
export function progressBar(
  unit: string,
  now: () => number = () => performance.now(),
): (done: number, of: number) => string {
  const startedMs = now();
  return (done, of) => {
    const share = of === 0 ? 1 : Math.min(1, done / of);
    const filled = Math.round(share * WIDTH);
    const leftS = done === 0 ? undefined : Math.round(((now() - startedMs) / 1000) * (of / done - 1));
    const left = leftS === undefined || leftS < 0 ? '' : `, ${leftS} s left`;
    return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done} of ${of} ${unit}${left}`;
  };
}
