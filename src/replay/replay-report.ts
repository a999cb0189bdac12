import { aurocWithInterval, quantile, type Interval } from './metrics.js';

/** One base learner in one call; no logit where its modality was missing. */
export interface ReplayedLearner {
  readonly id: string;
  readonly weight: number;
  readonly logit?: number;
}

/** A scored call in the report's JSON: the raw log-odds of each base learner that could be scored. */
export interface ScoredCall {
  readonly patient: string;
  readonly admission: string;
  readonly inIcu: boolean;
  readonly died: boolean;
  readonly probability: number;
  readonly logits: Readonly<Record<string, number>>;
  readonly weights: Readonly<Record<string, number>>;
  readonly modalities: Readonly<Record<string, string>>;
}

/** What came of one hook call, fired twice: with prefetch and without. */
export interface ReplayedCall {
  readonly patient: string;
  readonly admission: string;
  readonly orders: number;
  readonly isFirstOfAdmission: boolean;
  readonly inIcu: boolean;
  readonly died: boolean;
  readonly hasCard: boolean;
  /** `scored`, or why the card gives no score. */
  readonly outcome: string;
  readonly tier?: string;
  readonly probability?: number;
  /** Base learners as the card's extension has them. */
  readonly learners?: readonly ReplayedLearner[];
  /** What was read of each modality, as the card's extension has it. */
  readonly modalitiesUsed?: Readonly<Record<string, string>>;
  readonly servedVsCsv?: number;
  readonly prefetchVsFhir?: number;
  /** Roads and tensors that were not byte-equal. */
  readonly mismatches: readonly string[];
  readonly prefetchHookMs: number;
  readonly fhirHookMs: number;
}

export interface ReplayReport {
  readonly source: string;
  readonly orders: number;
  readonly patients: number;
  readonly hookCalls: number;
  readonly ordersSigned: number;
  readonly cards: number;
  readonly scored: number;
  readonly notScored: Readonly<Record<string, number>>;
  readonly withoutCard: Readonly<Record<string, number>>;
  readonly tiers: Readonly<Record<string, { readonly calls: number; readonly died: number }>>;
  readonly errors: number;
  readonly errorDetails: readonly string[];
  readonly maxDiffServedVsCsv: number;
  readonly maxDiffPrefetchVsFhir: number;
  /** Rows of the training set that was compared too; 0: none was given. */
  readonly rowsOfTrainingSet: number;
  readonly tensorMismatches: number;
  readonly mismatchDetails: readonly string[];
  readonly auroc: Interval;
  /** Of each base learner's own logit, over the calls it could be scored in. */
  readonly aurocOfLearners: Readonly<Record<string, Interval>>;
  readonly aurocFirstOfAdmission: Interval;
  readonly aurocInIcu: Interval;
  readonly aurocOutsideIcu: Interval;
  readonly deaths: {
    readonly patients: number;
    readonly calls: number;
    readonly firstCalls: number;
    readonly ofFirst: number;
  };
  readonly valuesWithoutStoreTime: number;
  readonly scoredCalls: readonly ScoredCall[];
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  readonly latencyFhirMs: { readonly p50: number; readonly p95: number };
}

export interface ReplayCounts {
  readonly source: string;
  readonly orders: number;
  readonly discontinued: number;
  readonly errors: readonly string[];
  /** Rows of the training set that was compared; 0: none was given. */
  readonly rowsOfTrainingSet: number;
  readonly valuesWithoutStoreTime: number;
}

/** Sums up the calls of a replay. */
export function replayReport(calls: readonly ReplayedCall[], counts: ReplayCounts): ReplayReport {
  const first = calls.filter(({ isFirstOfAdmission }) => isFirstOfAdmission);
  const silent = calls.filter(({ hasCard }) => !hasCard);
  const mismatched = calls.filter(({ mismatches }) => mismatches.length > 0);
  return {
    source: counts.source,
    orders: counts.orders,
    patients: new Set(calls.map(({ patient }) => patient)).size,
    hookCalls: calls.length,
    ordersSigned: calls.reduce((sum, { orders }) => sum + orders, 0),
    cards: calls.length - silent.length,
    scored: calls.filter(({ outcome }) => outcome === 'scored').length,
    notScored: countBy(
      calls.filter(({ outcome, hasCard }) => hasCard && outcome !== 'scored').map(({ outcome }) => outcome),
    ),
    withoutCard: { discontinued: counts.discontinued, ...countBy(silent.map(({ outcome }) => outcome)) },
    tiers: tierCounts(calls),
    errors: counts.errors.length,
    errorDetails: [...new Set(counts.errors)].slice(0, 10),
    maxDiffServedVsCsv: Math.max(0, ...calls.map(({ servedVsCsv }) => servedVsCsv ?? 0)),
    maxDiffPrefetchVsFhir: Math.max(0, ...calls.map(({ prefetchVsFhir }) => prefetchVsFhir ?? 0)),
    tensorMismatches: mismatched.length,
    rowsOfTrainingSet: counts.rowsOfTrainingSet,
    mismatchDetails: [...new Set(mismatched.flatMap(({ mismatches }) => mismatches))].slice(0, 20),
    auroc: aurocOf(calls),
    aurocOfLearners: aurocOfLearners(calls),
    aurocFirstOfAdmission: aurocOf(first),
    aurocInIcu: aurocOf(calls.filter(({ inIcu }) => inIcu)),
    aurocOutsideIcu: aurocOf(calls.filter(({ inIcu }) => !inIcu)),
    deaths: {
      patients: new Set(calls.filter(({ died }) => died).map(({ patient }) => patient)).size,
      calls: calls.filter(({ died }) => died).length,
      firstCalls: first.length,
      ofFirst: first.filter(({ died }) => died).length,
    },
    valuesWithoutStoreTime: counts.valuesWithoutStoreTime,
    scoredCalls: calls.flatMap(scoredCall),
    latencyMs: latencies(calls.map(({ prefetchHookMs }) => prefetchHookMs)),
    latencyFhirMs: latencies(calls.map(({ fhirHookMs }) => fhirHookMs)),
  };
}

function aurocOf(calls: readonly ReplayedCall[]): Interval {
  return aurocWithInterval(
    calls.flatMap(({ patient, probability, died }) =>
      probability === undefined ? [] : [{ cluster: patient, score: probability, event: died }],
    ),
  );
}

function aurocOfLearners(calls: readonly ReplayedCall[]): Record<string, Interval> {
  const ids = [...new Set(calls.flatMap(({ learners = [] }) => learners.map(({ id }) => id)))];
  return Object.fromEntries(
    ids.map((id) => {
      const scored = calls.flatMap(({ patient, died, learners = [] }) => {
        const score = learners.find((learner) => learner.id === id)?.logit;
        return score === undefined ? [] : [{ cluster: patient, score, event: died }];
      });
      return [id, aurocWithInterval(scored)];
    }),
  );
}

function scoredCall(call: ReplayedCall): ScoredCall[] {
  const { patient, admission, inIcu, died, probability, learners = [], modalitiesUsed = {} } = call;
  if (probability === undefined) return [];
  const scored = learners.flatMap(({ id, logit, weight }) => (logit === undefined ? [] : [{ id, logit, weight }]));
  return [
    {
      patient,
      admission,
      inIcu,
      died,
      probability,
      logits: Object.fromEntries(scored.map(({ id, logit }) => [id, logit])),
      weights: Object.fromEntries(scored.map(({ id, weight }) => [id, weight])),
      modalities: modalitiesUsed,
    },
  ];
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function tierCounts(calls: readonly ReplayedCall[]): ReplayReport['tiers'] {
  return Object.fromEntries(
    ['low', 'moderate', 'high', 'very-high'].map((tier) => {
      const own = calls.filter((call) => call.tier === tier);
      return [tier, { calls: own.length, died: own.filter(({ died }) => died).length }];
    }),
  );
}

function latencies(values: readonly number[]): { p50: number; p95: number } {
  return { p50: round(quantile(values, 0.5)), p95: round(quantile(values, 0.95)) };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** One line a base learner; none for a model of one. */
function learnerLines(
  aurocs: ReplayReport['aurocOfLearners'],
  interval: (value: Interval) => string,
): readonly string[] {
  const entries = Object.entries(aurocs);
  return entries.length < 2 ? [] : entries.map(([id, auroc]) => `  ${`${id} alone`.padEnd(18)}  ${interval(auroc)}`);
}

/** The report as a person reads it. */
export function printReport(report: ReplayReport): string {
  const interval = ({ value, low, high, n, events }: Interval): string =>
    `${value.toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}], n ${n}, events ${events}`;
  const tiers = Object.entries(report.tiers).map(
    ([tier, { calls, died }]) => `  ${tier.padEnd(10)} ${calls} calls, ${died} followed by death within 7 days`,
  );
  const reasons = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([reason, n]) => `${reason} ${n}`)
      .join(', ') || 'none';
  return [
    `${report.orders} order rows of ${report.patients} patients: ${report.ordersSigned} signed in ${report.hookCalls} hook calls`,
    `${report.cards} cards, ${report.scored} with a score; not scored: ${reasons(report.notScored)}`,
    `without card: ${reasons(report.withoutCard)}`,
    'tiers:',
    ...tiers,
    `deaths within 7 days: ${report.deaths.patients} patients, ${report.deaths.calls} calls; ${report.deaths.ofFirst} of ${report.deaths.firstCalls} first calls of an admission`,
    `AUROC per call        ${interval(report.auroc)}`,
    `  first of admission  ${interval(report.aurocFirstOfAdmission)}`,
    `  in the ICU          ${interval(report.aurocInIcu)}`,
    `  outside the ICU     ${interval(report.aurocOutsideIcu)}`,
    ...learnerLines(report.aurocOfLearners, interval),
    '  (95 % interval over patients; wide, since few died)',
    `errors ${report.errors}; tensor mismatches ${report.tensorMismatches}; largest difference served to CSV ${report.maxDiffServedVsCsv}, prefetch to FHIR ${report.maxDiffPrefetchVsFhir}`,
    ...(report.rowsOfTrainingSet === 0
      ? []
      : [`compared with a training set of ${report.rowsOfTrainingSet} rows: its differences are among the mismatches`]),
    `values without a store time, taken as available when charted: ${report.valuesWithoutStoreTime}`,
    `latency prefetched p50 ${report.latencyMs.p50} ms, p95 ${report.latencyMs.p95} ms; over FHIR p50 ${report.latencyFhirMs.p50} ms, p95 ${report.latencyFhirMs.p95} ms`,
    ...report.errorDetails.map((detail) => `error: ${detail}`),
    ...report.mismatchDetails.map((detail) => `mismatch: ${detail}`),
  ].join('\n');
}
