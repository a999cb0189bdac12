import type { Exchange, ExchangeKind } from './exchange.js';
import type { WatchedFhir } from './watched-fhir.js';

export interface Sending {
  readonly label: string;
  readonly kind: ExchangeKind;
  readonly method: string;
  /** Below the service's base, with a leading slash. */
  readonly path: string;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** `client`, the default, signs a token where the suite has a key; `none` sends none; else a token or a maker of one for this URL. */
  readonly token?: 'client' | 'none' | ((url: string) => Promise<string> | string);
}

export interface ProbeClient {
  readonly base: string;
  /** Everything sent so far. */
  readonly exchanges: readonly Exchange[];
  /** Never throws for what a service does: no answer is status 0. */
  send(sending: Sending): Promise<Exchange>;
}

export interface ProbeClientOptions {
  /** Without a trailing slash. */
  readonly base: string;
  readonly fhir: WatchedFhir;
  readonly signToken: ((url: string) => Promise<string>) | undefined;
  readonly timeoutMs: number;
}

/** The CDS client of the suite: signs, records every exchange and what the service asked of the FHIR server meanwhile. */
export function createProbeClient({ base, fhir, signToken, timeoutMs }: ProbeClientOptions): ProbeClient {
  const exchanges: Exchange[] = [];
  return {
    base,
    exchanges,
    async send({ label, kind, method, path, body, headers = {}, token = 'client' }) {
      const url = `${base}${path}`;
      const signed = token === 'none' ? undefined : token === 'client' ? await signToken?.(url) : await token(url);
      const { result, seen } = await fhir.watch(() =>
        answerOf(url, {
          method,
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            Accept: 'application/json',
            ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
            ...(signed === undefined ? {} : { Authorization: `Bearer ${signed}` }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      );
      const exchange: Exchange = { label, kind, method, path, sent: body, fhir: seen, ...result };
      exchanges.push(exchange);
      return exchange;
    },
  };
}

type Answered = Pick<Exchange, 'status' | 'headers' | 'text' | 'body' | 'trouble' | 'durationMs'>;

async function answerOf(url: string, init: RequestInit): Promise<Answered> {
  const startMs = performance.now();
  try {
    const response = await fetch(url, init);
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, text, body: parse(text), durationMs: performance.now() - startMs };
  } catch (error) {
    const durationMs = performance.now() - startMs;
    return { status: 0, headers: new Headers(), text: '', body: undefined, trouble: troubleOf(error), durationMs };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why a connection failed, in the words of the system (`ECONNREFUSED`), which fetch hides in the cause. */
function troubleOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error;
  if (cause instanceof Error) {
    return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  }
  return error.message;
}
