import { parseKeySet } from '../../clients/public-jwk.js';
import type { PublicJwk } from '../../clients/registered-client.js';

/** Why a key set could not be had. */
export type KeySetFaultReason =
  'time-limit' | 'unreachable' | 'redirect' | 'status' | 'too-large' | 'not-a-key-set' | 'insecure';

/** A key set that could not be had; for the log. */
export class KeySetFault extends Error {
  override readonly name = 'KeySetFault';
  readonly reason: KeySetFaultReason;
  readonly status: number | undefined;

  constructor(reason: KeySetFaultReason, status?: number) {
    super(reason);
    this.reason = reason;
    this.status = status;
  }
}

export interface FetchKeySetOptions {
  readonly timeLimitMs: number;
  readonly maxBytes: number;
}

/**
 * The key set at a registered address. No redirect is followed: it would lead to an address that is not registered.
 * Throws KeySetFault.
 */
export async function fetchKeySet(
  jku: string,
  { timeLimitMs, maxBytes }: FetchKeySetOptions,
): Promise<readonly PublicJwk[]> {
  const signal = AbortSignal.timeout(timeLimitMs);
  try {
    const response = await fetch(jku, { signal, redirect: 'manual', headers: { Accept: 'application/json' } });
    if (response.status !== 200) {
      await response.body?.cancel();
      const isRedirect = response.status >= 300 && response.status < 400;
      throw new KeySetFault(isRedirect ? 'redirect' : 'status', response.status);
    }
    return readKeys(await boundedText(response, maxBytes));
  } catch (error) {
    if (error instanceof KeySetFault) throw error;
    throw new KeySetFault(signal.aborted ? 'time-limit' : 'unreachable');
  }
}

function readKeys(text: string): readonly PublicJwk[] {
  try {
    return parseKeySet(JSON.parse(text));
  } catch {
    throw new KeySetFault('not-a-key-set');
  }
}

async function boundedText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined;
  if (body === undefined) return '';
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (bytes > maxBytes) throw new KeySetFault('too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
