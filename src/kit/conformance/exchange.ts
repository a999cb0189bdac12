/** A request that the service made of the suite's FHIR server while it answered a call. */
export interface FhirSeen {
  readonly method: string;
  /** Below the base: `Observation`, `Patient/p1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Value of the Authorization header; never printed. */
  readonly authorization: string | undefined;
}

export type ExchangeKind = 'discovery' | 'call' | 'feedback' | 'preflight';

/** One request of the suite and what came back. */
export interface Exchange {
  /** What was asked, in words: `order-sign, no prefetch`. */
  readonly label: string;
  readonly kind: ExchangeKind;
  readonly method: string;
  /** Path below the service's base. */
  readonly path: string;
  /** The body as it was sent, before it became text; undefined where there was none. */
  readonly sent: unknown;
  /** 0 where no answer came. */
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed JSON; undefined where the text is none. */
  readonly body: unknown;
  /** Why no answer came. */
  readonly trouble?: string;
  /** Milliseconds from the request to the last byte of the answer. */
  readonly durationMs: number;
  readonly fhir: readonly FhirSeen[];
}
