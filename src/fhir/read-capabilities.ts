import { fetch as fetchBy } from 'undici';
import type { FhirBases } from './bases/fhir-bases.js';
import { versionOfCapabilities } from './bases/fhir-version.js';
import { isElement } from '../record/element.js';
import type { ServerAccess } from './server-access.js';

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 20 * 1024 * 1024;

/**
 * Asks a base for its CapabilityStatement, with the call's token as every call (req. 29), and remembers the FHIR version it says; at most once in a while
 * for each base, and only where its answers have not said it. Never throws: what cannot be read refuses nothing.
 * @see https://hl7.org/fhir/R4/http.html#capabilities
 */
export async function readCapabilities(
  { base, authorization }: Extract<ServerAccess, { kind: 'open' }>,
  bases: FhirBases,
): Promise<void> {
  const { version, gate } = bases.of(base);
  if (!bases.options.readsCapabilities || !version.mayAsk()) return;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const turn = await gate.enter(signal);
  if (turn.kind === 'no') return;
  try {
    const response = await fetchBy(`${base.href.replace(/\/+$/, '')}/metadata`, {
      headers: {
        accept: 'application/fhir+json',
        ...(authorization === undefined ? {} : { authorization: `Bearer ${authorization.accessToken}` }),
      },
      redirect: 'manual',
      signal,
      dispatcher: bases.dispatcher,
    });
    const body: unknown = response.status === 200 ? JSON.parse(await textWithin(response)) : undefined;
    const said = isElement(body) ? versionOfCapabilities(body) : undefined;
    if (said !== undefined) version.note(said);
    turn.end(response.status < 500 ? 'answered' : 'failed');
  } catch {
    // Not readable: the charts' own answers have to show what the server is, and whether it is there.
    turn.end('unsent');
  }
}

async function textWithin(response: Awaited<ReturnType<typeof fetchBy>>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error('CapabilityStatement larger than the limit');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString();
}
