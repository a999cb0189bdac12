import { performance } from 'node:perf_hooks';
import type { FhirResource } from 'fhir/r4.js';
import { member, textMember, valuesAt } from '../../sandbox/resource-json.js';
import { fhirRequest, type FhirAnswer } from '../fhir-server/fhir-request.js';
import { fhirServerAccess, type FhirServerAccess, type FhirServerOptions } from '../fhir-server/fhir-server-access.js';
import { holdsError, issueWords } from '../fhir-server/outcome-words.js';
import type { ServerProblem } from '../fhir-server/server-problem.js';
import { FAILURES_KEPT, type LoadedPatient, type LoadFailure, type LoadReport } from './load-report.js';
import { bundleText, planLoad, type PlannedBundle, type PlannedResource } from './plan-load.js';

export interface LoadOptions {
  readonly fhirBase: string;
  readonly resources: readonly FhirResource[];
  /** Name of the load: its tag, and what its ids are derived from. Another name makes other patients of the same resources. */
  readonly tag: string;
  /** Entries a Bundle, about. Default 500. */
  readonly bundleSize?: number;
  /** Bundles under way at a time. Default 2. */
  readonly concurrency?: number;
  /** Token, certificates, limits, signal; the time limit of one Bundle is 120 s unless given. */
  readonly connection?: FhirServerOptions;
  /** Called after each Bundle. */
  readonly onProgress?: (done: number, of: number) => void;
}

const BUNDLE_TIME_LIMIT_MS = 120_000;

/**
 * Puts resources on a FHIR server as transaction Bundles, what is referred to first. Idempotent: ids are derived, so a second
 * run updates. A server that refuses or dies ends the load, and the report says how far it got. Throws ERR_DATASET where two different
 * resources have one id, and the abort reason of the connection's signal.
 */
export async function loadIntoFhirServer(options: LoadOptions): Promise<LoadReport> {
  const startedMs = performance.now();
  const { bundles, danglingReferences } = planLoad(options.resources, {
    tag: options.tag,
    bundleSize: options.bundleSize ?? 500,
  });
  const access = fhirServerAccess(options.fhirBase, { timeLimitMs: BUNDLE_TIME_LIMIT_MS, ...options.connection });
  const tally = new LoadTally(
    bundles.reduce((total, { resources }) => total + resources.length, 0),
    options.onProgress,
  );
  let problem: ServerProblem | undefined;
  try {
    await inOrderOfNeed(bundles, options.concurrency ?? 2, async ({ resources }) => {
      const failed = await putBundle(access, resources, tally);
      problem ??= failed;
      return failed === undefined;
    });
  } finally {
    access.agent.destroy();
  }
  return {
    ...tally.report(),
    outcome: problem === undefined && tally.failed === 0 ? 'complete' : 'incomplete',
    bundles: bundles.length,
    ...(problem && { problem }),
    danglingReferences,
    wallMs: performance.now() - startedMs,
  };
}

/**
 * Runs `put` for each Bundle, some at a time, each after those it needs; stops starting more once one fails. The first goes alone:
 * servers make rows for a tag and its search parameters on first sight, and two transactions at once would fight for them.
 */
async function inOrderOfNeed(
  bundles: readonly PlannedBundle[],
  concurrency: number,
  put: (bundle: PlannedBundle) => Promise<boolean>,
): Promise<void> {
  const finished = bundles.map(() => latch());
  let next = 0;
  let isStopped = false;
  const work = async (): Promise<void> => {
    for (let at = next++; at < bundles.length; at = next++) {
      const bundle = bundles[at];
      const earlier = [...(bundle?.needs ?? []), ...(at > 0 ? [0] : [])];
      await Promise.all(earlier.flatMap((one) => finished[one]?.opened ?? []));
      if (isStopped || !bundle) return;
      try {
        if (!(await put(bundle))) isStopped = true;
      } catch (error) {
        isStopped = true;
        throw error;
      } finally {
        finished[at]?.open();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, work));
}

function latch(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Puts one Bundle; halves it where the server finds it too large. Returns what ended the load. */
async function putBundle(
  access: FhirServerAccess,
  resources: readonly PlannedResource[],
  tally: LoadTally,
): Promise<ServerProblem | undefined> {
  const answer = await fhirRequest(access, {
    method: 'POST',
    path: '',
    body: bundleText(resources),
    headers: { Prefer: 'return=minimal' },
    isWorthRetrying: ({ status }) => status === 409 || status === 412,
  });
  if (answer.kind !== 'answer') return answer;
  const { status, said, json, attempts } = answer;
  tally.retries += attempts - 1;
  if (status === 413 && resources.length > 1) {
    const half = Math.ceil(resources.length / 2);
    return (
      (await putBundle(access, resources.slice(0, half), tally)) ??
      (await putBundle(access, resources.slice(half), tally))
    );
  }
  if (status >= 300) return { kind: 'write-refused', status, ...(said === undefined ? {} : { said }) };
  const entries = entriesOf(answer);
  if (!entries || entries.length !== resources.length) {
    const words = issueWords(json) ?? `${entries?.length ?? 'no'} entries for ${resources.length}`;
    return { kind: 'write-refused', status, said: words };
  }
  for (const [at, resource] of resources.entries()) tally.count(resource, entries[at]);
  tally.finish(resources.length);
  return undefined;
}

/** Entries of a transaction's answer; undefined where it is none. */
function entriesOf({ json }: FhirAnswer): readonly unknown[] | undefined {
  if (textMember(json, 'resourceType') !== 'Bundle' || !/-response$/.test(textMember(json, 'type') ?? ''))
    return undefined;
  return valuesAt(json, 'entry');
}

/** Counts what went in. */
class LoadTally {
  readonly #resources: number;
  readonly #onProgress: LoadOptions['onProgress'];
  readonly #byType: Record<string, number> = {};
  readonly #patients: LoadedPatient[] = [];
  readonly #ids: string[] = [];
  readonly #failures: LoadFailure[] = [];
  #created = 0;
  #done = 0;
  failed = 0;
  retries = 0;

  constructor(resources: number, onProgress: LoadOptions['onProgress']) {
    this.#resources = resources;
    this.#onProgress = onProgress;
  }

  /** Takes the entry of one resource in the answer: a transaction that succeeded may still hold one that did not. */
  count({ type, id, sourceId }: PlannedResource, entry: unknown): void {
    const response = member(entry, 'response');
    const status = textMember(response, 'status') ?? '';
    const outcome = member(response, 'outcome') ?? member(entry, 'outcome');
    if (!status.startsWith('2') || holdsError(outcome)) {
      const said = issueWords(outcome);
      this.failed += 1;
      if (this.#failures.length < FAILURES_KEPT)
        this.#failures.push({
          reference: `${type}/${id}`,
          status: status === '' ? 'no status' : status,
          ...(said === undefined ? {} : { said }),
        });
      return;
    }
    if (status.startsWith('201')) this.#created += 1;
    this.#byType[type] = (this.#byType[type] ?? 0) + 1;
    this.#ids.push(`${type}/${id}`);
    if (type === 'Patient') this.#patients.push({ id, sourceId });
  }

  finish(resources: number): void {
    this.#done += resources;
    this.#onProgress?.(this.#done, this.#resources);
  }

  report(): Pick<
    LoadReport,
    'resources' | 'created' | 'updated' | 'byType' | 'patients' | 'ids' | 'retries' | 'failed' | 'failures'
  > {
    return {
      resources: this.#resources,
      created: this.#created,
      updated: this.#ids.length - this.#created,
      byType: this.#byType,
      patients: this.#patients,
      ids: this.#ids,
      retries: this.retries,
      failed: this.failed,
      failures: this.#failures,
    };
  }
}
