import type { CdsClient } from '../clients/cds-client.js';
import type { Config, Mode } from '../config/config.js';

/** How far the service goes to read a chart. */
export interface FhirAccessOptions {
  /** Decides where a token may go over plain http. */
  readonly mode: Mode;
  /** Bases that may be called, each an http or https URL; a token leaves this process to these only. */
  readonly allowedBases: readonly string[];
  /** May any base on a loopback address be called too (development, sandbox)? */
  readonly loopbackAllowed: boolean;
  /** May a server be called without a token, where the request gives `fhirServer` alone? @see requirement 33 */
  readonly openServerAllowed: boolean;
  /** For all calls of one assembly together. */
  readonly deadlineMs: number;
  readonly perCallTimeoutMs: number;
  /** Of one answer, decompressed. */
  readonly maxResponseBytes: number;
  /** Pages followed by `next` links for one query, the first included. */
  readonly maxPages: number;
  /** Of all answers of one chart together, decompressed. */
  readonly maxChartBytes: number;
  readonly maxChartResources: number;
  /** Notes whose text is read, newest first. */
  readonly maxNotes: number;
  /** Are notes read that a security label restricts? */
  readonly restrictedNotesRead: boolean;
}

export const DEFAULT_FHIR_ACCESS: FhirAccessOptions = {
  mode: 'production',
  allowedBases: [],
  loopbackAllowed: false,
  openServerAllowed: false,
  deadlineMs: 1500,
  perCallTimeoutMs: 1200,
  maxResponseBytes: 20 * 1024 * 1024,
  maxPages: 10,
  maxChartBytes: 64 * 1024 * 1024,
  maxChartResources: 20_000,
  maxNotes: 12,
  restrictedNotesRead: false,
};

type AccessConfig = Pick<
  Config,
  | 'mode'
  | 'fhirAllowedBases'
  | 'openFhirServerAllowed'
  | 'deadlineMs'
  | 'perCallTimeoutMs'
  | 'restrictedNotesRead'
  | 'maxChartBytes'
  | 'maxChartResources'
>;

/**
 * The options for a call of this client: the bases it is registered for and no others. Where clients are not registered,
 * the configured bases; with none configured, loopback addresses outside production.
 * @see requirement 19
 */
export function fhirAccessOf(config: AccessConfig, client?: Pick<CdsClient, 'registration'>): FhirAccessOptions {
  const registered = client?.registration?.fhirBases;
  return {
    ...DEFAULT_FHIR_ACCESS,
    mode: config.mode,
    allowedBases: registered ?? config.fhirAllowedBases,
    loopbackAllowed: registered === undefined && config.fhirAllowedBases.length === 0 && config.mode !== 'production',
    openServerAllowed: config.openFhirServerAllowed,
    deadlineMs: config.deadlineMs,
    perCallTimeoutMs: config.perCallTimeoutMs,
    restrictedNotesRead: config.restrictedNotesRead,
    maxChartBytes: config.maxChartBytes,
    maxChartResources: config.maxChartResources,
  };
}
