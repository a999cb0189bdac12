import type { Config } from '../config/config.js';

/** How far the service goes to read a chart. */
export interface FhirAccessOptions {
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
  /** Notes whose text is read, newest first. */
  readonly maxNotes: number;
}

export const DEFAULT_FHIR_ACCESS: FhirAccessOptions = {
  allowedBases: [],
  loopbackAllowed: false,
  openServerAllowed: false,
  deadlineMs: 1500,
  perCallTimeoutMs: 1200,
  maxResponseBytes: 20 * 1024 * 1024,
  maxPages: 10,
  maxNotes: 12,
};

/** The options a configuration asks for: with no base listed, loopback addresses outside production. */
export function fhirAccessOf(
  config: Pick<Config, 'mode' | 'fhirAllowedBases' | 'openFhirServerAllowed' | 'deadlineMs' | 'perCallTimeoutMs'>,
): FhirAccessOptions {
  return {
    ...DEFAULT_FHIR_ACCESS,
    allowedBases: config.fhirAllowedBases,
    loopbackAllowed: config.fhirAllowedBases.length === 0 && config.mode !== 'production',
    openServerAllowed: config.openFhirServerAllowed,
    deadlineMs: config.deadlineMs,
    perCallTimeoutMs: config.perCallTimeoutMs,
  };
}
