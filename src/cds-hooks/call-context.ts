/** What of a call's transport its assessment passes on. */
export interface CallContext {
  /** Our own id of the request; in `X-Request-Id`, log lines and faults. */
  readonly requestId: string;
  /** W3C `traceparent` for requests made on behalf of this call; absent where the client sent none that is valid. */
  readonly traceparent?: string;
}
