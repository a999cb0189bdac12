/** Why a server cannot be worked with, told from what came back: a value, for each has its own remedy. */
export type ServerProblem =
  /** No answer came. `cut`: the connection was made and broke. */
  | {
      readonly kind: 'unreachable';
      readonly reason: 'refused' | 'dns' | 'timeout' | 'no-route' | 'cut' | 'other';
      /** The time limit that passed, for `timeout`. */
      readonly afterMs?: number;
      /** System error code, where there is one. */
      readonly code?: string;
    }
  | {
      readonly kind: 'untrusted-tls';
      readonly reason: 'self-signed' | 'unknown-issuer' | 'expired' | 'not-yet-valid' | 'wrong-host' | 'other';
      readonly code: string;
    }
  /** An https address where no TLS is spoken, or the other way round, or no HTTP at all. */
  | { readonly kind: 'wrong-protocol'; readonly spoken: 'https-to-http' | 'not-http' }
  | {
      readonly kind: 'not-fhir';
      readonly reason: 'html' | 'other-json' | 'not-json' | 'not-found';
      readonly status: number;
      /** Title of the HTML page, or what the JSON says it is. */
      readonly said?: string;
      /** A FHIR base that was found nearby on the same host. */
      readonly nearby?: string;
    }
  | { readonly kind: 'wrong-version'; readonly fhirVersion: string; readonly release: string }
  | { readonly kind: 'needs-authorization'; readonly status: 401 | 403; readonly hadToken: boolean }
  | { readonly kind: 'rate-limited'; readonly attempts: number; readonly retryAfterMs?: number }
  | { readonly kind: 'redirected'; readonly status: number; readonly location?: string }
  | { readonly kind: 'server-error'; readonly status: number; readonly said?: string; readonly attempts: number }
  | { readonly kind: 'too-large'; readonly limitBytes: number }
  /** Compressed or encoded in a way that cannot be undone, or JSON that ends too early. */
  | { readonly kind: 'broken-answer'; readonly status: number }
  /** A write was refused: by a server that only reads, for want of a permission, or for what was written. */
  | { readonly kind: 'write-refused'; readonly status: number; readonly said?: string };

/** Words for a problem: what was found and what to do about it. No tokens, no patient data but what the server itself said. */
export function whatToDo(problem: ServerProblem): string {
  switch (problem.kind) {
    case 'unreachable':
      return unreachable(problem);
    case 'untrusted-tls':
      return untrusted(problem);
    case 'wrong-protocol':
      return problem.spoken === 'https-to-http'
        ? 'The server does not speak TLS on this port. Try the same address with http://, or the port it serves https on.'
        : 'What answers there does not speak HTTP. Check the port; if it is a TLS port, the address must begin with https://.';
    case 'not-fhir':
      return notFhir(problem);
    case 'wrong-version':
      return `This is a FHIR server, but of ${problem.release} (fhirVersion ${problem.fhirVersion}); Hemolens speaks R4 (4.0.x). Many servers have an R4 base beside it (often .../r4 or .../R4): give that one.`;
    case 'needs-authorization':
      return needsAuthorization(problem);
    case 'rate-limited':
      return `The server limits the rate of requests (429) and still did after ${plural(problem.attempts, 'attempt')}${
        problem.retryAfterMs === undefined ? '' : `; it asks to wait ${Math.ceil(problem.retryAfterMs / 1000)} s`
      }. Run it again later, or ask for a higher limit for this client.`;
    case 'redirected':
      return `The server answered with a redirect (${problem.status})${
        problem.location === undefined ? '' : ` to ${problem.location}`
      }, which is not followed: a token would go along. If that is the FHIR base, give it with --fhir; if it is a login page, the server needs a token (--token-file).`;
    case 'server-error':
      return `The server failed with ${problem.status} in ${plural(problem.attempts, 'attempt')}${saying(problem.said)}. ${
        problem.status === 502 || problem.status === 503 || problem.status === 504
          ? 'It is starting, overloaded or behind a proxy that cannot reach it: wait and run it again.'
          : 'Its log has the reason.'
      }`;
    case 'too-large':
      return `The answer is larger than ${Math.round(problem.limitBytes / 1_000_000)} MB and was not read. Ask for less, with smaller pages.`;
    case 'broken-answer':
      return `The server answered ${problem.status} with a body that cannot be read (cut short, or encoded in an unknown way). A proxy in between may do that.`;
    case 'write-refused':
      return writeRefused(problem);
  }
}

function unreachable({ reason, afterMs, code }: Extract<ServerProblem, { kind: 'unreachable' }>): string {
  switch (reason) {
    case 'refused':
      return 'Nothing listens there (connection refused). Is the server started, and is the port right?';
    case 'dns':
      return 'The host name is not known. Check its spelling, and whether this machine needs a VPN or a hosts entry.';
    case 'timeout':
      return `No answer within ${Math.round((afterMs ?? 0) / 100) / 10} s. The server is starting or overloaded, or a firewall drops the packets.`;
    case 'no-route':
      return 'There is no route to that host from here. Check the network or VPN.';
    case 'cut':
      return 'The server cut the connection before it had answered. It may have stopped; if it is a TLS port, the address must begin with https://.';
    case 'other':
      return `The connection failed${code === undefined ? '' : ` (${code})`}. Check address, port and network.`;
  }
}

function untrusted({ reason, code }: Extract<ServerProblem, { kind: 'untrusted-tls' }>): string {
  switch (reason) {
    case 'self-signed':
      return 'Its TLS certificate is self-signed. If that is meant so, give the certificate (PEM) with --ca FILE; checks cannot be switched off.';
    case 'unknown-issuer':
      return "Its TLS certificate comes from an authority that is not known here, or its chain is incomplete. Give the authority's certificate (PEM) with --ca FILE.";
    case 'expired':
      return 'Its TLS certificate has expired. It must be renewed on the server.';
    case 'not-yet-valid':
      return 'Its TLS certificate is not valid yet. Check the clocks of both machines.';
    case 'wrong-host':
      return 'Its TLS certificate is for another host name. Use the name that the certificate bears, or have one issued for this name.';
    case 'other':
      return `TLS failed (${code}). Check the certificate and the TLS versions that the server allows.`;
  }
}

function notFhir({ reason, status, said, nearby }: Extract<ServerProblem, { kind: 'not-fhir' }>): string {
  const found = {
    html: `answered ${status} with an HTML page${said === undefined ? '' : ` ("${said}")`}`,
    'other-json': `answered ${status} with JSON that is no CapabilityStatement${said === undefined ? '' : ` but ${said}`}`,
    'not-json': `answered ${status} with something that is not JSON`,
    'not-found': `answered ${status}: there is no /metadata below this address`,
  }[reason];
  const remedy =
    nearby === undefined
      ? 'Give the FHIR base, the address that /metadata comes after; with HAPI it mostly ends in /fhir.'
      : `There is a FHIR server at ${nearby}: give that.`;
  return `This is not a FHIR base: it ${found}. ${remedy}`;
}

function needsAuthorization({ status, hadToken }: Extract<ServerProblem, { kind: 'needs-authorization' }>): string {
  if (!hadToken)
    return `The server wants authorization (${status}). Put an access token into a file and give --token-file FILE.`;
  return status === 401
    ? 'The server does not accept the token (401): expired, or issued for another server. Get a fresh one.'
    : 'The token does not allow this (403): its scopes are too narrow. Loading needs write access, checking orders read access to all patients (system/*.read).';
}

function writeRefused({ status, said }: Extract<ServerProblem, { kind: 'write-refused' }>): string {
  const what = `The server refused the write with ${status}${saying(said)}.`;
  switch (status) {
    case 401:
    case 403:
      return `${what} It is read-only for this client: use a server you may write to, or a token with write scopes (--token-file).`;
    case 404:
    case 405:
    case 501:
      return `${what} It is read-only, or takes no transaction Bundles at its base: use a test server that does (HAPI does; \`hemolens hapi start\`).`;
    case 409:
    case 412:
      return `${what} Something else writes the same resources, or they are still referred to: run it again when that is over.`;
    case 413:
      return `${what} Even a single resource is too large for it: raise the limit of the server or of the proxy before it.`;
    default:
      return `${what} If it says so of everything it is read-only or validates against profiles these resources do not claim: use another test server, or switch that off there.`;
  }
}

function saying(said: string | undefined): string {
  return said === undefined || said === '' ? '' : `, saying "${said}"`;
}

function plural(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
