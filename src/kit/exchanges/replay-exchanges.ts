import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ServiceError } from '../../errors/service-error.js';
import { member, textMember, valuesAt } from '../../sandbox/resource-json.js';
import type { CdsConnection } from '../fire/cds-connection.js';
import { findOrderSign, type FoundService, type NoService } from '../fire/find-service.js';
import type { FhirServerAccess } from '../fhir-server/fhir-server-access.js';
import { compareResponses, type ComparedAnswer, type Difference } from './compare-responses.js';
import { isPartial, type RecordedExchange } from './exchange.js';
import { readExchange } from './read-exchange.js';
import { sendAgain } from './send-again.js';

/** One line of a replay. */
export type ReplayedExchange =
  | {
      readonly kind: 'replayed';
      readonly file: string;
      readonly before: AnswerFacts;
      readonly after: AnswerFacts;
      readonly differences: readonly Difference[];
      /** What the reader must know to judge the differences. */
      readonly notes: readonly string[];
    }
  /** The file cannot be read, or the service gave no answer. */
  | { readonly kind: 'failed'; readonly file: string; readonly says: string };

/** An answer in a few words. */
export interface AnswerFacts {
  readonly status: number;
  readonly cards: number;
  readonly tier?: string;
  readonly probability?: number;
  readonly model?: string;
  readonly durationMs: number;
}

export interface ReplayOptions {
  readonly connection: CdsConnection;
  readonly fhir?: FhirServerAccess;
  readonly clock?: () => number;
  readonly onProgress?: (done: number, of: number) => void;
}

export interface ReplayReport {
  readonly kind: 'report';
  readonly serviceId: string;
  readonly exchanges: readonly ReplayedExchange[];
  readonly unchanged: number;
  readonly changed: number;
  readonly failed: number;
}

/**
 * The files of recorded exchanges in these places, in order: of a folder its `.json` files. Throws ServiceError ERR_DATASET for a place
 * that is not there and for a folder without such files.
 */
export async function findExchangeFiles(places: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const place of places) {
    const found = await stat(place).catch(() => undefined);
    if (!found) throw new ServiceError('ERR_DATASET', { detail: `${place} is not there` });
    if (!found.isDirectory()) {
      files.push(place);
      continue;
    }
    const inside = (await readdir(place)).filter((name) => name.endsWith('.json')).sort();
    if (inside.length === 0) {
      throw new ServiceError('ERR_DATASET', {
        detail: `${place} holds no recorded exchanges (no .json files): \`hemolens kit fire --record ${join(place, 'NAME.json')}\` writes one`,
      });
    }
    files.push(...inside.map((name) => join(place, name)));
  }
  return files;
}

/**
 * Sends each exchange again, one after the other, and compares the answers with the recorded ones. A file or call that fails is a line
 * of the report; a service that cannot be found is the whole answer. Throws only the abort reason of a signal.
 */
export async function replayExchanges(
  files: readonly string[],
  options: ReplayOptions,
): Promise<ReplayReport | NoService> {
  const service = await findOrderSign(options.connection);
  if (service.kind === 'no-service') return service;
  const exchanges: ReplayedExchange[] = [];
  for (const file of files) {
    exchanges.push(await replayFile(file, service, options));
    options.onProgress?.(exchanges.length, files.length);
  }
  const count = (isCounted: (exchange: ReplayedExchange) => boolean): number => exchanges.filter(isCounted).length;
  return {
    kind: 'report',
    serviceId: service.id,
    exchanges,
    unchanged: count((one) => one.kind === 'replayed' && one.differences.length === 0),
    changed: count((one) => one.kind === 'replayed' && one.differences.length > 0),
    failed: count(({ kind }) => kind === 'failed'),
  };
}

async function replayFile(
  path: string,
  service: FoundService,
  { connection, fhir, clock }: ReplayOptions,
): Promise<ReplayedExchange> {
  const file = basename(path);
  let exchange: RecordedExchange;
  try {
    exchange = await readExchange(path);
  } catch (error) {
    if (error instanceof ServiceError) return { kind: 'failed', file, says: error.detail };
    throw error;
  }
  const answer = await sendAgain(exchange, {
    connection,
    serviceId: service.id,
    ...(fhir && { fhir }),
    ...(clock && { clock }),
  });
  if ('kind' in answer) return { kind: 'failed', file, says: answer.says };
  const { original, alone } = exchange.answers;
  // With a FHIR server the fair comparison is the answer that had one, where its body was kept.
  const before = fhir && original.response !== undefined && exchange.sent.namedFhirServer ? original : alone;
  return {
    kind: 'replayed',
    file,
    before: answerFacts(before),
    after: answerFacts(answer),
    differences: compareResponses(before, answer),
    notes: notesOf(exchange, service, before === original, fhir !== undefined),
  };
}

function notesOf(
  exchange: RecordedExchange,
  service: FoundService,
  isOriginal: boolean,
  namesFhirServer: boolean,
): readonly string[] {
  const { sent, service: recordedService, answers } = exchange;
  const notes: string[] = [];
  if (isPartial(exchange)) {
    const keys = sent.keys.filter(({ state }) => state === 'data' || state === 'empty');
    const without = namesFhirServer ? '' : ', and both answers are to that alone, without a FHIR server';
    notes.push(`recorded with partial prefetch (${keys.length} of ${sent.keys.length} keys)${without}`);
  }
  if (namesFhirServer && !isOriginal)
    notes.push('recorded without the answer that had a FHIR server: what it adds is among the differences');
  if (!namesFhirServer && answers.original.status !== answers.alone.status)
    notes.push(`with its FHIR server and chart the status was ${answers.original.status}`);
  const [before, now] = [member(recordedService, 'prefetch'), service.entry['prefetch']];
  if (JSON.stringify(before) !== JSON.stringify(now))
    notes.push('the service has other prefetch templates now: an EHR would send it something else');
  return notes;
}

/** Status, and of the first card tier, probability and model, where it tells them. */
export function answerFacts({
  status,
  response,
  durationMs,
}: ComparedAnswer & { readonly durationMs: number }): AnswerFacts {
  const cards = valuesAt(response, 'cards');
  const facts = member(member(cards[0], 'extension'), 'org.hemolens.assessment');
  const [tier, probability] = [textMember(facts, 'tier'), member(facts, 'probability')];
  const model = member(facts, 'model');
  const named = [textMember(model, 'id'), textMember(model, 'version')].filter((word) => word !== undefined).join(' ');
  return {
    status,
    cards: cards.length,
    durationMs: Math.round(durationMs),
    ...(tier === undefined ? {} : { tier }),
    ...(typeof probability === 'number' && { probability }),
    ...(named !== '' && { model: named }),
  };
}
