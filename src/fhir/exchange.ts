import { AsyncLocalStorage } from 'node:async_hooks';

/** One HTTP exchange of ours: how much of an answer is read, and what came. */
export interface Exchange {
  readonly maxBytes: number;
  status?: number;
  contentType?: string;
  body?: Uint8Array;
  isTooLarge?: boolean;
}

const exchanges = new AsyncLocalStorage<Exchange>();
let isInstalled = false;

/**
 * Runs one fhir-kit-client request so that its answer is read only up to `exchange.maxBytes` (decompressed) and is kept in
 * `exchange`. The client calls the global `fetch` and reads answers whole, with no limit and no way to give it another
 * fetch; so the global one is wrapped, once, in a way that touches no call but those made within an exchange.
 */
export function withinExchange<T>(exchange: Exchange, run: () => Promise<T>): Promise<T> {
  if (!isInstalled) {
    isInstalled = true;
    const nativeFetch = globalThis.fetch;
    globalThis.fetch = async (input, init) => {
      const current = exchanges.getStore();
      const response = await nativeFetch(input, init);
      return current ? readWithin(response, current) : response;
    };
  }
  return exchanges.run(exchange, run);
}

async function readWithin(response: Response, exchange: Exchange): Promise<Response> {
  exchange.status = response.status;
  exchange.contentType = response.headers.get('content-type') ?? '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body) {
    for await (const chunk of response.body) {
      if (!(chunk instanceof Uint8Array)) continue;
      bytes += chunk.byteLength;
      if (bytes > exchange.maxBytes) {
        exchange.isTooLarge = true;
        throw new Error('answer larger than the limit');
      }
      chunks.push(chunk);
    }
  }
  exchange.body = Buffer.concat(chunks, bytes);
  const { status, statusText, headers } = response;
  return new Response(bytes === 0 ? null : exchange.body, { status, statusText, headers });
}
