import type { HookRequest, Prefetched } from '../cds-hooks/hook-request.js';
import type { PrefetchTemplate } from '../cds-hooks/prefetch-query.js';
import { parsedPrefetchTemplates } from '../cds-hooks/prefetch-template.js';
import { SOURCE_KEYS, type SourceKey } from '../concepts/concept.js';
import { ServiceError } from '../errors/service-error.js';
import type { AttachmentText, ChartResources, ChartSource } from '../record/chart-resources.js';
import type { UnavailableReason } from '../record/patient-record.js';
import { readAttachments, type NoteGathering } from './attachments.js';
import { createFhirBases, type FhirBases } from './bases/fhir-bases.js';
import { startChartBudget } from './chart-budget.js';
import { startDeadline } from './deadline.js';
import { DEFAULT_FHIR_ACCESS, type FhirAccessOptions } from './fhir-access-options.js';
import { openConnection } from './fhir-connection.js';
import { startFhirJournal, type FhirJournal, type FhirReport } from './fhir-report.js';
import { gatherSource } from './gather-source.js';
import { readCapabilities } from './read-capabilities.js';
import { isOfPatient } from './same-patient.js';
import { serverAccess } from './server-access.js';
import { fillTemplate } from './source-query.js';

export interface GatherOptions extends Partial<FhirAccessOptions> {
  readonly predictionTimeMs: number;
  /** The published templates by key; those of `cds-services.json` unless given. */
  readonly templates?: ReadonlyMap<string, PrefetchTemplate>;
  /** Connections and what is known of each base: one for the service's life; one for this chart alone unless given. */
  readonly bases?: FhirBases;
  /** W3C trace context of the hook call, sent on with each FHIR call; passed over where it is not well formed. */
  readonly traceparent?: string | undefined;
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const ABSENT: Prefetched = { kind: 'absent' };

/**
 * A patient's chart: prefetch first, the client's FHIR server for what it lacks, all sources at once, until the deadline
 * at the latest. Never throws for what a server does or a chart lacks; each source's coverage says what came.
 * Throws ServiceError ERR_CONFIG where a template of a source is missing.
 */
export async function gatherChart(
  request: HookRequest,
  { bases, ...given }: GatherOptions,
): Promise<{ readonly chart: ChartResources; readonly report: FhirReport }> {
  if (bases) return gather(request, given, bases);
  const ownBases = createFhirBases();
  try {
    return await gather(request, given, ownBases);
  } finally {
    await ownBases.close();
  }
}

async function gather(
  request: HookRequest,
  { predictionTimeMs, templates = parsedPrefetchTemplates(), traceparent, ...given }: Omit<GatherOptions, 'bases'>,
  bases: FhirBases,
): Promise<{ readonly chart: ChartResources; readonly report: FhirReport }> {
  const options: FhirAccessOptions = { ...DEFAULT_FHIR_ACCESS, ...given };
  const startedAt = performance.now();
  const { patientId } = request.context;
  const journal = startFhirJournal();
  const deadline = startDeadline(options.deadlineMs);
  const access = serverAccess(request, options);
  if (access.kind === 'closed' && access.why !== 'no-server' && access.why !== 'no-authorization') {
    journal.flag(access.why);
  }
  const budget = startChartBudget(options.maxChartBytes, options.maxChartResources);
  const trace = traceparent !== undefined && TRACEPARENT.test(traceparent) ? { traceparent } : {};
  const parts = { options, bases, deadline: deadline.signal, journal, budget, ...trace };
  const gathering: NoteGathering = {
    connection: access.kind === 'open' ? openConnection(access, parts) : undefined,
    journal,
    predictionTimeMs,
    maxPages: options.maxPages,
    maxNotes: options.maxNotes,
    restrictedNotesRead: options.restrictedNotesRead,
  };
  let foreignResources = 0;
  const gatherOne = async (key: SourceKey): Promise<ChartSource> => {
    const template = templates.get(key);
    if (!template) throw new ServiceError('ERR_CONFIG', { detail: `no prefetch template ${key}` });
    const filled = fillTemplate(template, request.context);
    if (!filled) return unavailableSource('not-supported');
    const source = await gatherSource(key, filled, request.prefetch.get(key) ?? ABSENT, gathering);
    const own = source.resources.filter((resource) => isOfPatient(resource, patientId));
    foreignResources += source.resources.length - own.length;
    return key === 'patient' && own.length < source.resources.length
      ? unavailableSource(request.prefetch.get(key)?.kind === 'data' ? 'client-query-failed' : 'upstream-error')
      : { ...source, resources: own };
  };
  const gatherNotes = async (): Promise<readonly [ChartSource, ReadonlyMap<string, AttachmentText>]> => {
    const source = await gatherOne('notes');
    const attachments = await readAttachments(source.resources, gathering);
    return [withReadableText(source, attachments), attachments];
  };
  try {
    const [others, [notes, attachments]] = await Promise.all([
      Promise.all(
        SOURCE_KEYS.map(async (key): Promise<[SourceKey, ChartSource] | undefined> =>
          key === 'notes' ? undefined : [key, await gatherOne(key)],
        ),
      ),
      gatherNotes(),
    ]);
    const byKey = new Map<SourceKey, ChartSource>([...others.filter((one) => one !== undefined), ['notes', notes]]);
    const isR4 = journal.flags()['not-r4'] === undefined;
    const sources = allSources(isR4 ? byKey : withoutFhir(byKey));
    const chart: ChartResources = { patientId, sources, attachments, foreignResources };
    return { chart, report: reportOf(chart, request, performance.now() - startedAt, journal) };
  } finally {
    deadline.end();
    if (access.kind === 'open') void readCapabilities(access, bases);
  }
}

/** A server that turned out not to speak R4 is not believed in anything; what the client prefetched stays. */
function withoutFhir(byKey: ReadonlyMap<SourceKey, ChartSource>): ReadonlyMap<SourceKey, ChartSource> {
  return new Map(
    [...byKey].map(([key, source]) => {
      const isFromFhir = source.coverage.kind === 'covered' && source.coverage.origin === 'fhir';
      return [key, isFromFhir ? unavailableSource('not-r4') : source];
    }),
  );
}

function unavailableSource(reason: UnavailableReason): ChartSource {
  return { coverage: { kind: 'unavailable', reason }, resources: [] };
}

/** Notes of which not one text could be had, because calls failed or labels withhold them, are a source not read. */
function withReadableText(source: ChartSource, attachments: ReadonlyMap<string, AttachmentText>): ChartSource {
  const all = [...attachments.values()];
  if (all.some(({ kind }) => kind === 'text')) return source;
  const failed = all.find((attachment) => attachment.kind === 'failed');
  if (failed) return { ...source, coverage: { kind: 'unavailable', reason: failed.reason } };
  const isWithheld = all.some(({ kind }) => kind === 'withheld');
  return isWithheld ? { ...source, coverage: { kind: 'unavailable', reason: 'restricted' } } : source;
}

function allSources(byKey: ReadonlyMap<SourceKey, ChartSource>): Readonly<Record<SourceKey, ChartSource>> {
  const of = (key: SourceKey): ChartSource => byKey.get(key) ?? unavailableSource('not-supported');
  return {
    patient: of('patient'),
    encounters: of('encounters'),
    labs: of('labs'),
    vitals: of('vitals'),
    bedside: of('bedside'),
    administrations: of('administrations'),
    procedures: of('procedures'),
    conditions: of('conditions'),
    notes: of('notes'),
  };
}

function reportOf(
  { sources, foreignResources }: ChartResources,
  { prefetch }: HookRequest,
  durationMs: number,
  journal: FhirJournal,
): FhirReport {
  const isPrefetched = (key: SourceKey): boolean => (prefetch.get(key) ?? ABSENT).kind !== 'absent';
  return {
    durationMs,
    calls: journal.calls,
    pages: journal.calls.filter(({ outcome, purpose }) => outcome === 'ok' && purpose !== 'attachment').length,
    fromPrefetch: SOURCE_KEYS.filter(isPrefetched).length,
    fromFhir: SOURCE_KEYS.filter((key) => !isPrefetched(key) && sources[key].coverage.kind === 'covered').length,
    foreignResources,
    unavailable: Object.fromEntries(
      SOURCE_KEYS.flatMap((key) => {
        const { coverage } = sources[key];
        return coverage.kind === 'unavailable' ? [[key, coverage.reason]] : [];
      }),
    ),
    flags: journal.flags(),
  };
}
