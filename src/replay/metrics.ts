/** A figure with its 95 % percentile interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
  readonly events: number;
}

/** One scored call: the patient it belongs to, the score, and whether the patient died within 7 days. */
export interface ScoredCall {
  readonly cluster: string;
  readonly score: number;
  readonly event: boolean;
}

/** Area under the ROC curve, ties counting half; NaN without both events and survivors. */
export function auroc(calls: readonly Pick<ScoredCall, 'score' | 'event'>[]): number {
  const sorted = [...calls].sort((a, b) => a.score - b.score);
  let rankSum = 0;
  let events = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to < sorted.length && sorted[to]?.score === sorted[from]?.score) to++;
    const tied = sorted.slice(from, to).filter(({ event }) => event).length;
    rankSum += tied * ((from + 1 + to) / 2);
    events += tied;
    from = to;
  }
  const others = calls.length - events;
  return events === 0 || others === 0 ? NaN : (rankSum - (events * (events + 1)) / 2) / (events * others);
}

/**
 * AUROC with a percentile interval from resampling clusters (patients): calls of one patient depend on each other.
 * Resamples without both classes are left out. Seeded: the same calls give the same interval.
 */
export function aurocWithInterval(calls: readonly ScoredCall[], { resamples = 1000, seed = 7 } = {}): Interval {
  const clusters = new Map<string, ScoredCall[]>();
  for (const call of calls) {
    const list = clusters.get(call.cluster);
    if (list) list.push(call);
    else clusters.set(call.cluster, [call]);
  }
  const groups = [...clusters.keys()].sort().map((key) => clusters.get(key) ?? []);
  const random = seededRandom(seed);
  const values: number[] = [];
  for (let i = 0; i < resamples && groups.length > 0; i++) {
    const sample = groups.flatMap(() => groups[Math.floor(random() * groups.length)] ?? []);
    const value = auroc(sample);
    if (!Number.isNaN(value)) values.push(value);
  }
  const events = calls.filter(({ event }) => event).length;
  return { value: auroc(calls), low: quantile(values, 0.025), high: quantile(values, 0.975), n: calls.length, events };
}

/** Quantile of unsorted numbers by linear interpolation; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
