import { AsyncLocalStorage } from 'node:async_hooks';
import { fetch as fetchBy, type Agent } from 'undici';

/** One HTTP exchange of ours: where it goes, how much of an answer is read, and what came. */
export interface Exchange {
  readonly maxBytes: number;
  /** Takes so many bytes out of what the chart may still have; false when that is used up. */
  readonly take: (bytes: number) => boolean;
  /** Connects to checked addresses only. */
  readonly dispatcher: Agent;
  status?: number;
  contentType?: string;
  retryAfter?: string;
  body?: Uint8Array;
  isTooLarge?: boolean;
  /** What went wrong before an answer came. */
  failure?: unknown;
}

const exchanges = new AsyncLocalStorage<Exchange>();
let isInstalled = false;

/**
 * Runs one fhir-kit-client request so that it goes out by `exchange.dispatcher` and its answer is read only up to
 * `exchange.maxBytes` (decompressed) and is kept in `exchange`. The client calls the global `fetch` and reads answers
 * whole, with no limit and no way to give it another fetch; so the global one is wrapped, once, in a way that touches no
 * call but those made within an exchange.
 */
export function withinExchange<T>(exchange: Exchange, run: () => Promise<T>): Promise<T> {
  if (!isInstalled) {
    isInstalled = true;
    const otherFetch = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      const current = exchanges.getStore();
      if (!current) return otherFetch(input, init);
      return send(input instanceof Request && init === undefined ? input : new Request(input, init), current);
    };
  }
  return exchanges.run(exchange, run);
}

/** GETs without following a redirect, whatever the caller asked for. */
async function send({ url, headers, signal }: Request, exchange: Exchange): Promise<Response> {
  try {
    const response = await fetchBy(url, {
      method: 'GET',
      headers: [...headers],
      signal,
      redirect: 'manual',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      dispatcher: exchange.dispatcher,
    });
    return await readWithin(response, exchange);
  } catch (error) {
    exchange.failure = error;
    throw error;
  }
}

async function readWithin(response: Awaited<ReturnType<typeof fetchBy>>, exchange: Exchange): Promise<Response> {
  exchange.status = response.status;
  exchange.contentType = response.headers.get('content-type') ?? '';
  exchange.retryAfter = response.headers.get('retry-after') ?? '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body) {
    // Decompressed as it comes: what a small answer swells to is seen chunk by chunk, and leaving the loop cuts it off.
    for await (const chunk of response.body) {
      if (!(chunk instanceof Uint8Array)) continue;
      bytes += chunk.byteLength;
      if (bytes > exchange.maxBytes || !exchange.take(chunk.byteLength)) {
        exchange.isTooLarge = true;
        throw new Error('answer larger than the limit');
      }
      chunks.push(chunk);
    }
  }
  exchange.body = Buffer.concat(chunks, bytes);
  const { status, statusText } = response;
  return new Response(bytes === 0 ? null : exchange.body, { status, statusText, headers: [...response.headers] });
}
