import { Ajv } from 'ajv';
import { ServiceError } from '../errors/service-error.js';
import type { CdsResponse } from './card.js';
import { emptyMembers } from './empty-members.js';

const text = { type: 'string', minLength: 1 };
const absoluteUrl = { type: 'string', pattern: '^https?://[^\\s]+$' };
const uuid = { type: 'string', pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' };
const coding = {
  type: 'object',
  required: ['system', 'code', 'display'],
  properties: { system: text, code: text, display: text },
};

const link = {
  type: 'object',
  required: ['label', 'url', 'type'],
  additionalProperties: false,
  properties: {
    label: text,
    url: absoluteUrl,
    type: { enum: ['absolute', 'smart'] },
    appContext: text,
    extension: { type: 'object' },
  },
  if: { properties: { type: { const: 'absolute' } } },
  then: { not: { required: ['appContext'] } },
};

const action = {
  type: 'object',
  required: ['type', 'description'],
  properties: {
    type: { enum: ['create', 'update', 'delete'] },
    description: text,
    resource: { type: 'object' },
    resourceId: text,
  },
  if: { properties: { type: { enum: ['create', 'update'] } } },
  then: { required: ['resource'] },
  else: { required: ['resourceId'], not: { required: ['resource'] } },
};

const suggestion = {
  type: 'object',
  required: ['label'],
  additionalProperties: false,
  properties: {
    label: text,
    uuid,
    isRecommended: { type: 'boolean' },
    actions: { type: 'array', minItems: 1, items: action },
    extension: { type: 'object' },
  },
};

const card = {
  type: 'object',
  required: ['uuid', 'summary', 'indicator', 'source'],
  additionalProperties: false,
  properties: {
    uuid,
    summary: { type: 'string', minLength: 1, maxLength: 139 },
    detail: text,
    indicator: { enum: ['info', 'warning', 'critical'] },
    source: {
      type: 'object',
      required: ['label'],
      additionalProperties: false,
      properties: { label: text, url: absoluteUrl, icon: absoluteUrl, topic: coding },
    },
    suggestions: { type: 'array', minItems: 1, items: suggestion },
    selectionBehavior: { enum: ['at-most-one', 'any'] },
    overrideReasons: { type: 'array', minItems: 1, items: coding },
    links: { type: 'array', minItems: 1, items: link },
    extension: { type: 'object' },
  },
  if: { anyOf: [{ required: ['suggestions'] }, { required: ['selectionBehavior'] }] },
  then: { required: ['suggestions', 'selectionBehavior'] },
};

/** JSON Schema of what a service of ours may answer (draft 07 and 2020-12 alike). @see requirements 34–55 */
export const CDS_RESPONSE_SCHEMA = {
  type: 'object',
  required: ['cards'],
  additionalProperties: false,
  properties: { cards: { type: 'array', items: card }, extension: { type: 'object' } },
} as const;

const isCdsResponse = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile<CdsResponse>(
  CDS_RESPONSE_SCHEMA,
);

/**
 * Throws ServiceError ERR_INTERNAL, naming the member, when a response is not what CDS Hooks allows: shapes of card, link,
 * suggestion and action, summary under 140 characters (code points and UTF-16 units), at most one recommended suggestion
 * of `at-most-one`, systemActions, null or empty members other than `cards: []`.
 * @see requirements 2, 34–55; invariants cds-resp-1 to cds-resp-7
 */
export function assertResponseShape(response: unknown): asserts response is CdsResponse {
  const empty = emptyMembers(response, ['cards']);
  if (empty.length > 0) throw malformed(`${empty.join(', ')} has no value`);
  if (!isCdsResponse(response)) {
    const error = isCdsResponse.errors?.[0];
    throw malformed(`${error?.instancePath ?? ''} ${error?.message ?? 'is not valid'}`.trim());
  }
  // The schema counts code points; clients that count UTF-16 units must not cut the sentence either.
  const tooLong = response.cards.findIndex(({ summary }) => summary.length > 139);
  if (tooLong >= 0) throw malformed(`cards[${tooLong}].summary is over 139 UTF-16 units`);
  response.cards.forEach(assertOneRecommended);
}

/** Invariant cds-resp-1. */
function assertOneRecommended(card: object, index: number): void {
  if (!('selectionBehavior' in card) || card.selectionBehavior !== 'at-most-one') return;
  const suggestions: unknown = 'suggestions' in card ? card.suggestions : [];
  const recommended = Array.isArray(suggestions)
    ? suggestions.filter(
        (item: unknown) =>
          typeof item === 'object' && item !== null && 'isRecommended' in item && item.isRecommended === true,
      )
    : [];
  if (recommended.length > 1) throw malformed(`cards[${index}].suggestions recommends more than one of at-most-one`);
}

function malformed(what: string): ServiceError {
  return new ServiceError('ERR_INTERNAL', { detail: `the response is malformed: ${what}` });
}
