/** What was sent, as far as a refusal may be about it. */
export interface SentCall {
  readonly isSigned: boolean;
  /** Was a FHIR server named? */
  readonly namesFhirServer: boolean;
  readonly hasFhirToken: boolean;
  /** Were all keys of the prefetch sent? */
  readonly isPrefetchWhole: boolean;
  readonly bytes: number;
  readonly retryAfter?: string;
}

/** What to do about an answer that is not 200; undefined for 200. */
export function statusHint(status: number, sent: SentCall): string | undefined {
  switch (status) {
    case 200:
      return undefined;
    case 400:
      return 'The service says that the request is not a valid order-sign call: the OperationOutcome names the element. If it is one of the draft order or the context, look at --order-code, --user and --patient.';
    case 401:
      return sent.isSigned
        ? 'The service does not accept the client token. It does not say why (it should not): check that it trusts this --issuer and its key (kid; the public key set that `hemolens kit key` printed), that `aud` is the address the service knows itself by (--audience), the --tenant, and the clocks of both machines. Its log says more.'
        : 'The service wants a client token: --sign --key FILE --issuer URL (`hemolens kit key` makes a key).';
    case 403:
      return sent.isSigned
        ? 'The client is known but may not do this: look at what the service allows this issuer and tenant, and at any proxy before it.'
        : 'The service, or a proxy before it, does not let this caller in: try --sign, or ask who runs it.';
    case 404:
      return 'The service of the discovery page is not where calls go: a proxy may forward /cds-services but not what is below it.';
    case 405:
      return 'POST is not allowed there: a proxy may forward GET only.';
    case 412:
      return chartHint(sent);
    case 413:
      return `The request (${Math.ceil(sent.bytes / 1000)} kB) is too large for the service or a proxy before it: raise its limit (HEMOLENS_MAX_BODY_BYTES; nginx: client_max_body_size), or send less with --prefetch partial.`;
    case 415:
      return 'The body was sent as application/json, UTF-8; something between here and the service changes the Content-Type or does not let it pass.';
    case 429: {
      const wait = sent.retryAfter === undefined ? '' : ` It asks to wait: Retry-After ${sent.retryAfter}.`;
      return `The service or a proxy before it limits the rate of calls.${wait} Try again later.`;
    }
    case 502:
    case 504:
      return 'The service could not read from the FHIR server, or a proxy could not reach the service in time: the OperationOutcome, where there is one, says which. Can the machine of the service reach the FHIR server under the address that was given?';
    case 503:
      return 'The service is starting, stopping or overloaded, or a proxy has no service behind it: wait and try again.';
    default:
      if (status >= 500)
        return 'The service failed: its log has the reason, under the request id of the OperationOutcome.';
      return status >= 300 && status < 400
        ? 'The service answers with a redirect, which is not followed: a token would go along. Give the address it leads to with --service.'
        : 'CDS Hooks gives this status no meaning of its own: the body or a proxy before the service may say more.';
  }
}

function chartHint({ namesFhirServer, hasFhirToken, isPrefetchWhole }: SentCall): string {
  const start = 'The service could not get the chart (412).';
  if (!namesFhirServer)
    return isPrefetchWhole
      ? `${start} All of the prefetch was sent and no FHIR server was named: the OperationOutcome says what it lacks.`
      : `${start} It was sent part of the prefetch and no FHIR server: send --prefetch full, or leave out --no-fhir-server.`;
  return `${start} Look at whether it may read from this FHIR server (Hemolens: HEMOLENS_FHIR_ALLOWED_BASES, and HEMOLENS_OPEN_FHIR_SERVER_ALLOWED for one without a token), whether its machine reaches the server under the same address, and ${
    hasFhirToken
      ? 'whether the token is fresh and its --scope wide enough'
      : 'whether that server wants a token (--token-file)'
  }. --prefetch full needs none of it.`;
}
