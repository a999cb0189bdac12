import type { Bundle, FhirResource } from 'fhir/r4.js';
import type { RiskAssessment } from '../../../src/assessment/risk-assessment.js';
import { loadConfig, type Config } from '../../../src/config/config.js';
import { loadIntoFhirServer } from '../../../src/kit/load/load-into-fhir-server.js';
import { planLoad } from '../../../src/kit/load/plan-load.js';
import { resourcesIn } from '../../../src/sandbox/load-resources.js';
import type { Sandbox } from '../../../src/sandbox/start-sandbox.js';
import { signOrders, type SignedOrders, type SignOrders } from '../../../src/sandbox/ehr-client.js';
import { startService } from '../../../src/server.js';

/** The service with a clock that is set by hand and a store that can be read. */
export interface ServiceUnderTest {
  readonly url: string;
  setTime(ms: number): void;
  /** What the service kept of a call; undefined where it assessed nothing. */
  kept(call: SignedOrders): RiskAssessment | undefined;
  close(): Promise<void>;
}

/** Deadlines are a minute away: these tests compare roads, not speed. `settings` goes before that. */
export async function startServiceUnderTest(settings: Partial<Config> = {}): Promise<ServiceUnderTest> {
  const assessments = new Map<string, RiskAssessment>();
  let nowMs = Date.now();
  const service = await startService(
    loadConfig(
      {},
      {
        mode: 'sandbox',
        port: 0,
        store: 'memory',
        logLevel: 'silent',
        openFhirServerAllowed: true,
        deadlineMs: 60_000,
        perCallTimeoutMs: 60_000,
        noteEncodingMs: 60_000,
        ...settings,
      },
    ),
    {
      clock: () => nowMs,
      store: {
        save: ({ assessment }) => {
          assessments.set(assessment.hookInstance, assessment);
          return Promise.resolve();
        },
      },
    },
  );
  return {
    url: service.url,
    setTime: (ms) => {
      nowMs = ms;
    },
    kept: ({ request }) => assessments.get(request.hookInstance),
    close: () => service.close(),
  };
}

/** A chart that is on HAPI, with the ids it has there. */
export interface ChartOnServer {
  /** The same JSON with `Type/id` of the chart replaced by what it is called on the server. */
  relinked<T>(json: T): T;
  /** The id of one resource on the server. */
  idOf(type: string, sourceId: string): string;
  readonly resources: readonly FhirResource[];
}

/** Loads a chart on a FHIR server as `hemolens kit load` does; fails where anything of it did not go in. */
export async function loadChart(
  fhirBase: string,
  resources: readonly FhirResource[],
  tag: string,
): Promise<ChartOnServer> {
  const { outcome, problem, failures } = await loadIntoFhirServer({ fhirBase, resources, tag });
  if (outcome !== 'complete') throw new Error(`the chart is not on the server: ${JSON.stringify(problem ?? failures)}`);
  const planned = planLoad(resources, { tag, bundleSize: 500 }).bundles.flatMap((bundle) => bundle.resources);
  const names = new Map(planned.map(({ type, id, sourceId }) => [`${type}/${sourceId}`, id]));
  const idOf = (type: string, sourceId: string): string => names.get(`${type}/${sourceId}`) ?? sourceId;
  return {
    idOf,
    relinked: <T>(json: T): T =>
      JSON.parse(
        JSON.stringify(json).replace(
          /"([A-Z][A-Za-z]+)\/([^"/#?]+)"/g,
          (_, type: string, id: string) => `"${type}/${idOf(type, id)}"`,
        ),
      ) as T,
    resources: planned.flatMap((one) =>
      resourcesIn((JSON.parse(one.entryText()) as { resource: unknown }).resource, 'the plan'),
    ),
  };
}

/** Puts the very resources that are on HAPI into the embedded server, and nothing else. */
export function mirror(sandbox: Sandbox, { resources }: ChartOnServer): void {
  sandbox.store.clear();
  sandbox.store.load(resources);
}

/** How much of the chart comes by prefetch. */
export const PREFETCH_ROADS = [
  ['full', 'full'],
  ['partial', ['patient', 'labs']],
  ['none', 'none'],
] as const satisfies readonly (readonly [string, SignOrders['prefetch']])[];

/** Signs and expects an answer of 200. */
export async function answered(order: SignOrders): Promise<SignedOrders> {
  const call = await signOrders(order);
  if (call.status !== 200) throw new Error(`HTTP ${call.status}: ${JSON.stringify(call.response)}`);
  return call;
}

/** The cards of an answer without what is new in every one: the card's and the assessment's id. */
export function cardsOf({ response }: SignedOrders): readonly unknown[] {
  const { cards } = response as { readonly cards: readonly unknown[] };
  return JSON.parse(
    JSON.stringify(cards, (name, value: unknown) => (name === 'uuid' || name === 'assessmentId' ? undefined : value)),
  ) as readonly unknown[];
}

/** The draft orders of a hook call. */
export function draftsOf(hookRequest: unknown): Bundle {
  return (hookRequest as { context: { draftOrders: Bundle } }).context.draftOrders;
}
