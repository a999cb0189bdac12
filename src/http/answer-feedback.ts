import type { Response } from 'express';
import type { OperationOutcome } from 'fhir/r4.js';
import type { CardFeedback, FeedbackReceipt } from '../cds-hooks/feedback.js';
import { parseFeedback, type FeedbackProblem } from '../cds-hooks/parse-feedback.js';
import { logEvent, type Log } from '../logging/logger.js';
import type { CdsClient } from './cds-client.js';
import { contextOf } from './request-context.js';
import { sendJson } from './send-json.js';

/** Keeps feedback. Idempotent on card, outcome and timestamp. Throws ServiceError ERR_STORE. */
export type SaveFeedback = (
  client: Pick<CdsClient, 'id' | 'tenant'>,
  items: readonly CardFeedback[],
) => Promise<FeedbackReceipt>;

const MAX_ISSUES = 100;
const NOTHING: FeedbackReceipt = { kept: 0, repeated: 0, unknownCards: 0 };

/**
 * Keeps the items of a feedback call and answers 200: without a body, or with an OperationOutcome of warnings where an item
 * could not be kept. Their words go to no log.
 * @see requirements 56–61
 */
export async function answerFeedback(
  { saveFeedback, log }: { readonly saveFeedback: SaveFeedback; readonly log: Log },
  response: Response,
  body: unknown,
  client: CdsClient,
): Promise<void> {
  const { items, problems } = parseFeedback(body);
  const { id, tenant } = client;
  const receipt =
    items.length > 0 ? await saveFeedback(tenant === undefined ? { id } : { id, tenant }, items) : NOTHING;
  logEvent(log, 'feedback.received', {
    requestId: contextOf(response).requestId,
    items: items.length,
    kept: receipt.kept,
    repeated: receipt.repeated,
    unknownCards: receipt.unknownCards,
    refused: problems.filter(({ isRefused }) => isRefused).length,
  });
  if (problems.length > 0) {
    sendJson(response, 200, outcomeOf(problems));
    return;
  }
  response.statusCode = 200;
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', 0);
  response.end();
}

function outcomeOf(problems: readonly FeedbackProblem[]): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: problems.slice(0, MAX_ISSUES).map(({ expression, words, isRefused }) => ({
      severity: 'warning',
      code: isRefused ? 'invalid' : 'required',
      details: { text: `${expression} ${words}` },
      expression: [expression],
    })),
  };
}
