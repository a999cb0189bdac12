import type { HookCall } from '../../sandbox/ehr-client.js';

export const FORMAT = 'hemolens-exchange';
export const FORMAT_VERSION = 1;

/** An answer to the request of the file. */
export interface RecordedAnswer {
  readonly status: number;
  readonly durationMs: number;
  /** Without ids and link tokens, its times moved with the file's; left out where the body was no JSON. */
  readonly response?: unknown;
}

/** What became of one prefetch key when the request was built. */
export interface RecordedKey {
  readonly key: string;
  readonly state: 'data' | 'empty' | 'failed' | 'unresolved' | 'not-asked';
  readonly resources?: number;
  readonly durationMs?: number;
}

/**
 * One order-sign exchange, as it is kept in a file. It can be sent again without the chart it came from: `answers.alone` is what the
 * service said, when it was recorded, to exactly this request with no FHIR server named.
 */
export interface RecordedExchange {
  readonly format: typeof FORMAT;
  readonly formatVersion: typeof FORMAT_VERSION;
  /** Of the tool that wrote it. */
  readonly recordedBy: { readonly name: string; readonly version: string };
  /** ISO 8601, UTC. Moved, like every time in the file, by whole days unless identities are kept. */
  readonly sentAt: string;
  readonly identities: 'removed' | 'kept';
  readonly notes: 'removed' | 'kept';
  /** The service's entry in the discovery page. */
  readonly service: Readonly<Record<string, unknown>>;
  /** How the request was sent when it was recorded. */
  readonly sent: {
    readonly prefetch: 'full' | 'partial' | 'none' | readonly string[];
    readonly keys: readonly RecordedKey[];
    readonly prefetchMs: number;
    readonly bytes: number;
    readonly namedFhirServer: boolean;
    readonly hadFhirToken: boolean;
    readonly wasSigned: boolean;
  };
  /** Body of the call, without `fhirServer` and `fhirAuthorization`. */
  readonly request: Omit<HookCall, 'fhirServer' | 'fhirAuthorization'>;
  readonly answers: {
    /** What the request of the day was answered; its body is kept only with identities. */
    readonly original: RecordedAnswer;
    readonly alone: RecordedAnswer;
  };
}

/** Is what the service lacks in the prefetch not in the file either? */
export function isPartial({ sent }: Pick<RecordedExchange, 'sent'>): boolean {
  return sent.keys.some(({ state }) => state !== 'data' && state !== 'empty');
}
