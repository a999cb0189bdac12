import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ServiceError } from '../../errors/service-error.js';
import { isObject, textMember } from '../../sandbox/resource-json.js';
import type { CdsConnection, NoAnswer } from '../fire/cds-connection.js';
import type { FiredOrder } from '../fire/fire-order.js';
import { deidentify } from './deidentify.js';
import { FORMAT, FORMAT_VERSION, type RecordedExchange } from './exchange.js';
import { moveTimes, type TimeMove } from './move-times.js';
import { pseudonyms, STAND_IN_BASE, type Pseudonyms } from './pseudonyms.js';
import { sendAgain } from './send-again.js';
import { steadyResponse } from './steady-response.js';

export interface RecordOptions {
  readonly connection: CdsConnection;
  /** Version of the tool that records. */
  readonly version: string;
  /** Keeps the data of attachments as it is. */
  readonly keepsNotes?: boolean;
  /** For synthetic patients: keeps everything but tokens. */
  readonly keepsIdentities?: boolean;
  readonly clock?: () => number;
  /** Days by which times are moved; drawn by chance where it is not given. */
  readonly offsetDays?: number;
  readonly pseudonyms?: Pseudonyms;
}

const DAY_MS = 86_400_000;
const LEAST_OFFSET_DAYS = 366;
const MOST_OFFSET_DAYS = 3660;

/**
 * The exchange as it may be kept: tokens gone, identities removed (see `deidentify`), every time moved back by the same number of
 * whole days. The service is called once more, with the request of the file and no FHIR server: its answer to that is what replays
 * are compared with, and holds nothing that the file's request does not. Throws only the abort reason of a signal.
 */
export async function recordExchange(fired: FiredOrder, options: RecordOptions): Promise<RecordedExchange | NoAnswer> {
  const { connection, keepsNotes = false, keepsIdentities = false, clock } = options;
  const { prepared, answer, sentMs } = fired;
  const { request, service } = prepared;
  const offsetDays = keepsIdentities ? 0 : (options.offsetDays ?? -randomInt(LEAST_OFFSET_DAYS, MOST_OFFSET_DAYS));
  const move: TimeMove = { fromMs: sentMs, byMs: offsetDays * DAY_MS };
  const names = options.pseudonyms ?? pseudonyms();
  const kept = moveTimes(
    keepsIdentities ? withoutServer(request) : withoutIdentities(request, { names, sentMs, keepsNotes }),
    move,
  );
  if (!isKeptRequest(kept)) throw new ServiceError('ERR_INTERNAL', { detail: 'the recorded request lost its context' });
  const sentAt = new Date(sentMs + move.byMs).toISOString();
  const alone = await sendAgain(
    { sentAt, request: kept },
    { connection, serviceId: service.id, ...(clock && { clock }) },
  );
  if ('kind' in alone) return alone;
  const { status, durationMs, response, bytes } = answer;
  return {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    recordedBy: { name: 'hemolens', version: options.version },
    sentAt,
    identities: keepsIdentities ? 'kept' : 'removed',
    notes: keepsNotes || keepsIdentities ? 'kept' : 'removed',
    service: service.entry,
    sent: {
      prefetch: prepared.prefetch,
      keys: prepared.queries.map(({ key, state, resources, durationMs: ms }) => ({
        key,
        state,
        ...(resources === undefined ? {} : { resources }),
        ...(ms === undefined ? {} : { durationMs: Math.round(ms) }),
      })),
      prefetchMs: Math.round(prepared.prefetchMs),
      bytes: bytes.sent,
      namedFhirServer: request.fhirServer !== undefined,
      hadFhirToken: request.fhirAuthorization !== undefined,
      wasSigned: connection.signer !== undefined,
    },
    request: kept,
    answers: {
      original: {
        status,
        durationMs: Math.round(durationMs),
        ...(keepsIdentities &&
          response !== undefined && { response: steadyResponse(withoutSecrets(response, request), move) }),
      },
      alone: { ...alone, durationMs: Math.round(alone.durationMs) },
    },
  };
}

/** Writes an exchange, for its owner's eyes; a folder that is missing is made. Throws ServiceError ERR_CONFIG where the file is there already or cannot be written. */
export async function writeExchange(file: string, exchange: RecordedExchange): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify(exchange, undefined, 1)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const isThere = textMember(error, 'code') === 'EEXIST';
    throw new ServiceError('ERR_CONFIG', {
      detail: isThere
        ? `${file} is there already and is not overwritten: choose another name`
        : `${file} cannot be written (${textMember(error, 'code') ?? 'unknown reason'})`,
    });
  }
}

/** A service may repeat what it was sent: its answer without the access token and the address of the FHIR server. */
function withoutSecrets(
  response: unknown,
  { fhirServer, fhirAuthorization }: FiredOrder['prepared']['request'],
): unknown {
  const token = fhirAuthorization?.['access_token'];
  const hidden = (text: string): string => {
    const untold = typeof token === 'string' ? text.replaceAll(token, 'removed') : text;
    return fhirServer === undefined ? untold : untold.replaceAll(fhirServer, STAND_IN_BASE);
  };
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return hidden(value);
    if (Array.isArray(value)) return value.map(walk);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]): [string, unknown] => [hidden(name), walk(inner)]),
    );
  };
  return walk(response);
}

/** Everything but server and token; links of the server lead nowhere. */
function withoutServer(request: FiredOrder['prepared']['request']): unknown {
  const { hook, hookInstance, context, prefetch } = request;
  const text = JSON.stringify({ hook, hookInstance, context, ...(prefetch && { prefetch }) });
  return JSON.parse(request.fhirServer === undefined ? text : text.replaceAll(request.fhirServer, STAND_IN_BASE));
}

function withoutIdentities(
  { hook, context, prefetch }: FiredOrder['prepared']['request'],
  { names, sentMs, keepsNotes }: { readonly names: Pseudonyms; readonly sentMs: number; readonly keepsNotes: boolean },
): unknown {
  // Orders and prefetch together: a name in one is a name in the other.
  const clean = deidentify(
    { draftOrders: context.draftOrders, ...(prefetch && { prefetch }) },
    { pseudonyms: names, atMs: sentMs, keepsNotes },
  );
  const parts = isObject(clean) ? { ...clean } : {};
  const { draftOrders, prefetch: cleanPrefetch }: { draftOrders?: unknown; prefetch?: unknown } = parts;
  return {
    hook,
    hookInstance: randomUUID(),
    context: {
      userId: names.reference(context.userId) ?? 'Practitioner/unknown',
      patientId: names.id(context.patientId),
      ...(context.encounterId !== undefined && { encounterId: names.id(context.encounterId) }),
      draftOrders,
    },
    ...(cleanPrefetch !== undefined && { prefetch: cleanPrefetch }),
  };
}

function isKeptRequest(value: unknown): value is RecordedExchange['request'] {
  return (
    isObject(value) &&
    'hookInstance' in value &&
    'context' in value &&
    isObject(value.context) &&
    'draftOrders' in value.context
  );
}
