import type { HookRequest, Prefetched } from '../cds-hooks/hook-request.js';
import type { PrefetchTemplate } from '../cds-hooks/prefetch-query.js';
import { parsedPrefetchTemplates } from '../cds-hooks/prefetch-template.js';
import { SOURCE_KEYS, type SourceKey } from '../concepts/concept.js';
import { ServiceError } from '../errors/service-error.js';
import type { AttachmentText, ChartResources, ChartSource } from '../record/chart-resources.js';
import type { UnavailableReason } from '../record/patient-record.js';
import { readAttachments } from './attachments.js';
import { startDeadline } from './deadline.js';
import { DEFAULT_FHIR_ACCESS, type FhirAccessOptions } from './fhir-access-options.js';
import { openConnection } from './fhir-connection.js';
import { startFhirJournal, type FhirReport } from './fhir-report.js';
import { gatherSource, type Gathering } from './gather-source.js';
import { isOfPatient } from './same-patient.js';
import { serverAccess } from './server-access.js';
import { fillTemplate } from './source-query.js';

export interface GatherOptions extends Partial<FhirAccessOptions> {
  readonly predictionTimeMs: number;
  /** The published templates by key; those of `cds-services.json` unless given. */
  readonly templates?: ReadonlyMap<string, PrefetchTemplate>;
}

const ABSENT: Prefetched = { kind: 'absent' };

/**
 * A patient's chart: prefetch first, the client's FHIR server for what it lacks, all sources at once, until the deadline
 * at the latest. Never throws for what a server does or a chart lacks; each source's coverage says what came.
 * Throws ServiceError ERR_CONFIG where a template of a source is missing.
 */
export async function gatherChart(
  request: HookRequest,
  { predictionTimeMs, templates = parsedPrefetchTemplates(), ...given }: GatherOptions,
): Promise<{ readonly chart: ChartResources; readonly report: FhirReport }> {
  const options: FhirAccessOptions = { ...DEFAULT_FHIR_ACCESS, ...given };
  const startedAt = performance.now();
  const { patientId } = request.context;
  const journal = startFhirJournal();
  const deadline = startDeadline(options.deadlineMs);
  const access = serverAccess(request, options);
  if (access.kind === 'closed' && (access.why === 'server-not-allowed' || access.why === 'token-expired')) {
    journal.flag(access.why);
  }
  const gathering: Gathering & { readonly maxNotes: number } = {
    connection: access.kind === 'open' ? openConnection(access, options, deadline.signal, journal) : undefined,
    journal,
    predictionTimeMs,
    maxPages: options.maxPages,
    maxNotes: options.maxNotes,
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
    const chart: ChartResources = { patientId, sources: allSources(byKey), attachments, foreignResources };
    return { chart, report: reportOf(chart, request, performance.now() - startedAt, journal) };
  } finally {
    deadline.end();
  }
}

function unavailableSource(reason: UnavailableReason): ChartSource {
  return { coverage: { kind: 'unavailable', reason }, resources: [] };
}

/** Notes of which not one text could be had, because calls failed, are a source that could not be read. */
function withReadableText(source: ChartSource, attachments: ReadonlyMap<string, AttachmentText>): ChartSource {
  const all = [...attachments.values()];
  const failed = all.find((attachment) => attachment.kind === 'failed');
  if (!failed || all.some(({ kind }) => kind === 'text')) return source;
  return { ...source, coverage: { kind: 'unavailable', reason: failed.reason } };
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
  journal: ReturnType<typeof startFhirJournal>,
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
