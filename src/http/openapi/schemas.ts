import { HOOK_REQUEST_SCHEMA } from '../../cds-hooks/request-schema.js';
import { CDS_RESPONSE_SCHEMA } from '../../cds-hooks/response-shape.js';
import { CATALOGUE_SCHEMA } from '../../cds-hooks/service-catalogue.js';

const text = { type: 'string', minLength: 1 };

const OPERATION_OUTCOME = {
  type: 'object',
  required: ['resourceType', 'issue'],
  properties: {
    resourceType: { const: 'OperationOutcome' },
    issue: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['severity', 'code', 'details'],
        properties: {
          severity: { enum: ['fatal', 'error', 'warning', 'information'] },
          code: text,
          details: {
            type: 'object',
            required: ['coding', 'text'],
            properties: {
              coding: {
                type: 'array',
                minItems: 1,
                items: { type: 'object', required: ['system', 'code'], properties: { system: text, code: text } },
              },
              text,
            },
          },
          diagnostics: text,
          expression: { type: 'array', minItems: 1, items: text },
        },
      },
    },
  },
};

const FEEDBACK = {
  type: 'object',
  required: ['feedback'],
  properties: {
    feedback: {
      type: 'array',
      items: {
        type: 'object',
        required: ['card', 'outcome', 'outcomeTimestamp'],
        properties: {
          card: text,
          outcome: { enum: ['accepted', 'overridden'] },
          acceptedSuggestions: { type: 'array', items: { type: 'object', required: ['id'], properties: { id: text } } },
          overrideReason: {
            type: 'object',
            properties: {
              reason: {
                type: 'object',
                required: ['code'],
                properties: { system: text, code: text, display: text },
              },
              userComment: text,
            },
          },
          outcomeTimestamp: text,
        },
      },
    },
  },
};

const MODEL_CARD = {
  type: 'object',
  required: ['model', 'outcome', 'notice', 'rule', 'attributes'],
  properties: {
    model: {
      type: 'object',
      required: ['id', 'version', 'title', 'sha256'],
      properties: { id: text, version: text, title: text, sha256: text },
    },
    outcome: text,
    notice: text,
    rule: text,
    attributes: {
      type: 'array',
      minItems: 31,
      maxItems: 31,
      items: {
        type: 'object',
        required: ['number', 'category', 'name', 'value', 'isEvaluated'],
        properties: {
          number: { type: 'integer', minimum: 1, maximum: 31 },
          category: text,
          name: text,
          value: text,
          isEvaluated: { type: 'boolean' },
        },
      },
    },
  },
};

const HEALTH = { type: 'object', required: ['status'], properties: { status: { enum: ['ok', 'unavailable'] } } };

/** Schemas of the document; those the service itself checks with are the very same objects. */
export const SCHEMAS = {
  Discovery: CATALOGUE_SCHEMA,
  HookRequest: HOOK_REQUEST_SCHEMA,
  CdsResponse: CDS_RESPONSE_SCHEMA,
  Feedback: FEEDBACK,
  OperationOutcome: OPERATION_OUTCOME,
  ModelCard: MODEL_CARD,
  Health: HEALTH,
};
