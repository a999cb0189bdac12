import type { FhirFault } from './fhir-fault.js';
import { operationOutcome } from './fhir-fault.js';
import type { PageStore } from './page-store.js';
import type { SandboxStore, StoredResource } from './sandbox-store.js';
import type { SearchBundleFaults } from './search-bundle.js';

/** What one request is answered with; the body is JSON text. */
export interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request below the FHIR base, as it arrived. */
export interface FhirRequest {
  readonly method: string;
  /** Path below the base, without slashes at its ends: `Observation/_search`. */
  readonly path: string;
  /** Query, undecoded. */
  readonly query: string;
  readonly contentType: string;
  readonly body: string;
  /** Header If-Match: the version that is to be replaced. */
  readonly ifMatch?: string;
  /** Header If-None-Exist: a search; nothing is created where it finds one. */
  readonly ifNoneExist?: string;
  /** Address of the base as the client sees it, from its Host header. */
  readonly baseUrl: string;
  readonly faults: SearchBundleFaults & { readonly isEndless?: boolean };
}

/** What requests are answered from. */
export interface ServerState {
  readonly store: SandboxStore;
  readonly pages: PageStore;
  /** The chart clock; undefined: the chart as it is. */
  readonly viewAt: () => number | undefined;
  readonly needsToken: boolean;
}

export function outcomeAnswer({ status, issueCode, message }: FhirFault): Answer {
  return { status, body: operationOutcome('error', issueCode, message) };
}

/** The resource itself, with its version. */
export function resourceAnswer(
  status: number,
  row: StoredResource,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    body: row.json,
    headers: { ETag: `W/"${row.version}"`, 'Last-Modified': new Date(row.lastUpdatedMs).toUTCString(), ...headers },
  };
}
