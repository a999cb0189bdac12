import type { assembleRecord } from '../fhir/assemble-record.js';
import { logEvent, type Log } from '../logging/logger.js';

/** How a chart was read: its calls, where its parts came from, what could not be used. Counts only. */
export function logAssembly(
  log: Log,
  hookInstance: string,
  { record, report }: Awaited<ReturnType<typeof assembleRecord>>,
): void {
  for (const call of report.calls)
    logEvent(log, 'fhir.call', { hookInstance, ...call, durationMs: Math.round(call.durationMs) });
  const rejected = new Map<string, number>();
  for (const { reason, count } of record.rejections) rejected.set(reason, (rejected.get(reason) ?? 0) + count);
  logEvent(log, 'record.assembled', {
    hookInstance,
    durationMs: Math.round(report.durationMs),
    calls: report.calls.length,
    pages: report.pages,
    observations: record.values.length,
    administrations: record.administrations.length,
    notes: record.notes.length,
    fromPrefetch: report.fromPrefetch,
    fromFhir: report.fromFhir,
    unavailable: Object.keys(report.unavailable).length,
    foreignResources: report.foreignResources,
    flags: { ...report.flags },
    rejected: Object.fromEntries(rejected),
  });
}
