import type { SourceKey } from '../concepts/concept.js';
import type { UnavailableReason } from '../record/patient-record.js';

/** Things worth knowing that are no fault of ours; counted by name. */
export type FhirFlag =
  | 'server-not-allowed'
  | 'token-expired'
  | 'foreign-next-link'
  | 'foreign-attachment'
  | 'repeated-page'
  | 'page-limit'
  | 'empty-pages'
  | 'response-too-large'
  | 'chart-too-large'
  | 'token-over-http'
  | 'address-refused'
  /** The server answered that it wants to be called later. */
  | 'asked-to-wait'
  /** Not called: it asked to wait, or too many calls wait for it. */
  | 'server-spared'
  /** Not called: it has failed many times in a row. */
  | 'server-down'
  | 'not-r4'
  /** Its security label withholds a note. */
  | 'restricted-note';

/** One HTTP call. No URL, no id: safe to log. */
export interface FhirCall {
  readonly source: SourceKey;
  readonly purpose: 'first' | 'top-up' | 'page' | 'attachment';
  readonly resourceType: string;
  readonly outcome: 'ok' | UnavailableReason;
  readonly status?: number;
  readonly durationMs: number;
  /** Decompressed size of the answer. */
  readonly bytes: number;
}

/** How a chart was read: numbers and codes only. */
export interface FhirReport {
  readonly durationMs: number;
  readonly calls: readonly FhirCall[];
  readonly pages: number;
  readonly fromPrefetch: number;
  readonly fromFhir: number;
  readonly foreignResources: number;
  readonly unavailable: Readonly<Partial<Record<SourceKey, UnavailableReason>>>;
  readonly flags: Readonly<Partial<Record<FhirFlag, number>>>;
}

/** Collects what a report says while a chart is read. */
export interface FhirJournal {
  readonly calls: FhirCall[];
  readonly flag: (flag: FhirFlag) => void;
  readonly flags: () => Readonly<Partial<Record<FhirFlag, number>>>;
}

export function startFhirJournal(): FhirJournal {
  const counts = new Map<FhirFlag, number>();
  return {
    calls: [],
    flag: (flag) => counts.set(flag, (counts.get(flag) ?? 0) + 1),
    flags: () => Object.fromEntries(counts),
  };
}
