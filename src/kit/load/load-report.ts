import type { ServerProblem } from '../fhir-server/server-problem.js';

/** A resource that the server did not take although it took its Bundle. */
export interface LoadFailure {
  /** `Type/id` on the server. */
  readonly reference: string;
  readonly status: string;
  readonly said?: string;
}

export interface LoadedPatient {
  /** Id on the server: what `kit fire --patient` takes. */
  readonly id: string;
  /** Id where it came from. */
  readonly sourceId: string;
}

/** What came of a load. */
export interface LoadReport {
  /** `incomplete`: it stopped for `problem`, or some resources failed. Running it again is harmless. */
  readonly outcome: 'complete' | 'incomplete';
  /** How many there were to load. */
  readonly resources: number;
  readonly created: number;
  readonly updated: number;
  /** What is in, by type. */
  readonly byType: Readonly<Record<string, number>>;
  readonly patients: readonly LoadedPatient[];
  /** `Type/id` of what is in; what others refer to comes first. */
  readonly ids: readonly string[];
  readonly bundles: number;
  /** Bundles sent again because the server was busy or a transaction lost against another. */
  readonly retries: number;
  readonly failed: number;
  /** The first of what failed. */
  readonly failures: readonly LoadFailure[];
  readonly problem?: ServerProblem;
  /** References to what is not part of the load, by type. */
  readonly danglingReferences: Readonly<Record<string, number>>;
  readonly wallMs: number;
}

/** How many failures a report holds. */
export const FAILURES_KEPT = 20;

/** Several loads, one after the other, as one. */
export function mergedReport(reports: readonly LoadReport[]): LoadReport {
  const problem = reports.map((report) => report.problem).find((one) => one !== undefined);
  const sum = (of: (report: LoadReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  return {
    outcome: reports.every(({ outcome }) => outcome === 'complete') ? 'complete' : 'incomplete',
    resources: sum(({ resources }) => resources),
    created: sum(({ created }) => created),
    updated: sum(({ updated }) => updated),
    byType: sumByName(reports.map(({ byType }) => byType)),
    patients: reports.flatMap(({ patients }) => patients),
    ids: reports.flatMap(({ ids }) => ids),
    bundles: sum(({ bundles }) => bundles),
    retries: sum(({ retries }) => retries),
    failed: sum(({ failed }) => failed),
    failures: reports.flatMap(({ failures }) => failures).slice(0, FAILURES_KEPT),
    ...(problem && { problem }),
    danglingReferences: sumByName(reports.map((report) => report.danglingReferences)),
    wallMs: sum(({ wallMs }) => wallMs),
  };
}

function sumByName(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [name, n] of counts.flatMap((one) => Object.entries(one))) total[name] = (total[name] ?? 0) + n;
  return total;
}
