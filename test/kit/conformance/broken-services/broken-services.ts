import { randomUUID } from 'node:crypto';
import {
  at,
  outcome,
  Refusal,
  TINY_ORIGIN,
  tinyCard,
  tinyDiscovery,
  type Json,
  type TinyParts,
} from '../tiny-service.js';

/** The correct tiny service with one thing wrong. */
export interface BrokenService {
  readonly fault: string;
  /** The rules that must tell of it, and no others. */
  readonly fails?: readonly string[];
  readonly warns?: readonly string[];
  readonly change: (correct: TinyParts) => Partial<TinyParts>;
}

const cardWith = (change: Json | ((card: Json) => Json)) => (): Partial<TinyParts> => ({
  cards: (haemoglobin) => {
    const card = tinyCard(haemoglobin);
    return [{ ...card, ...(typeof change === 'function' ? change(card) : change) }];
  },
});

const entryWith = (change: (entry: Json) => Json) => (): Partial<TinyParts> => ({
  discovery: () => ({ services: tinyDiscovery().services.map((entry) => change(entry)) }),
});

const entryWithout = (name: string) =>
  entryWith((entry) => Object.fromEntries(Object.entries(entry).filter(([key]) => key !== name)));

const prefetchWith = (prefetch: Json) =>
  entryWith((entry) => ({ ...entry, prefetch: { ...(entry['prefetch'] as Json), ...prefetch } }));

const firstOf = (card: Json, name: string): Json => (card[name] as readonly Json[])[0] ?? {};
const isNotEmptyBundle = (value: unknown): boolean =>
  at(value, 'resourceType') !== 'Bundle' || at(value, 'entry') !== undefined;

const SAME_UUID = randomUUID();

export const BROKEN_SERVICES: readonly BrokenService[] = [
  { fault: 'null in a card', fails: ['no-empty-members'], change: cardWith({ extension: null }) },
  { fault: 'an empty list of links', fails: ['no-empty-members'], change: cardWith({ links: [] }) },
  {
    fault: 'a body that is labelled text/html',
    fails: ['json-media-type'],
    change: ({ answerHeaders }) => ({
      answerHeaders: (status) => ({ ...answerHeaders(status), ...(status === 200 && { 'Content-Type': 'text/html' }) }),
      discovery: tinyDiscovery,
    }),
  },
  {
    fault: '500 on an unknown field',
    fails: ['unknown-fields'],
    change: ({ checkBody }) => ({
      checkBody: (body) => {
        checkBody(body);
        if ('conformanceUnknown' in body) throw new Refusal(500);
      },
    }),
  },
  {
    fault: 'a resource without resourceType',
    fails: ['fhir-resources'],
    change: cardWith((card) => ({
      suggestions: [
        {
          ...firstOf(card, 'suggestions'),
          actions: [{ type: 'create', description: 'Order a count', resource: { status: 'draft' } }],
        },
      ],
    })),
  },

  {
    fault: 'discovery at the wrong address',
    fails: ['discovery-address'],
    change: () => ({ discoveryPath: '/services' }),
  },
  { fault: 'discovery without description', fails: ['discovery-entry'], change: entryWithout('description') },
  { fault: 'discovery without title', warns: ['discovery-title'], change: entryWithout('title') },
  { fault: 'discovery without version', warns: ['discovery-version'], change: entryWithout('version') },
  {
    fault: 'usageRequirements that is a list',
    fails: ['discovery-members'],
    change: entryWith((entry) => ({ ...entry, usageRequirements: ['Patient'] })),
  },
  {
    fault: 'a hookVersion that never was',
    fails: ['discovery-hook-version'],
    change: entryWith((entry) => ({ ...entry, hookVersion: '7.0' })),
  },
  {
    fault: 'a token of draftOrders in a template',
    fails: ['prefetch-tokens'],
    change: prefetchWith({ drafts: 'ServiceRequest?_id={{context.draftOrders.id}}' }),
  },
  {
    fault: 'a template with _include',
    warns: ['prefetch-queries'],
    change: prefetchWith({ more: 'Observation?patient={{context.patientId}}&_include=Observation:subject' }),
  },

  {
    fault: 'no order without an id is taken',
    fails: ['optional-fields-optional'],
    change: ({ checkBody }) => ({
      checkBody: (body) => {
        checkBody(body);
        if (at(body, 'context', 'draftOrders', 'type') === undefined) throw new Refusal(400);
      },
    }),
  },
  {
    fault: 'active orders are refused',
    fails: ['re-signed-orders'],
    change: ({ checkBody }) => ({
      checkBody: (body) => {
        checkBody(body);
        if (JSON.stringify(body['context']).includes('"status":"active"')) throw new Refusal(400);
      },
    }),
  },
  { fault: 'another hook is taken', warns: ['bad-calls'], change: () => ({ checkBody: () => undefined }) },

  {
    fault: 'a null key is queried again',
    fails: ['prefetch-null'],
    change: () => ({ isAbsent: (value) => value === undefined || value === null }),
  },
  {
    fault: 'an empty Bundle is queried again',
    fails: ['prefetch-empty-bundle'],
    change: () => ({ isAbsent: (value) => value === undefined || (value !== null && !isNotEmptyBundle(value)) }),
  },
  {
    fault: 'a failed query is repeated',
    fails: ['prefetch-outcome'],
    change: () => ({
      isAbsent: (value) => value === undefined || at(value, 'resourceType') === 'OperationOutcome',
    }),
  },
  {
    fault: 'prefetched data is queried again',
    warns: ['prefetch-data'],
    change: () => ({
      isAbsent: (value) =>
        value === undefined || (at(value, 'resourceType') === 'Bundle' && JSON.stringify(value).includes('8867-4')),
    }),
  },
  {
    fault: 'no data is an empty answer',
    fails: ['no-data-412'],
    change: ({ cards }) => {
      let isUnreadable = false;
      return {
        statusWithoutData: (labs) => {
          isUnreadable = labs === undefined;
          return undefined;
        },
        cards: (haemoglobin) => (isUnreadable ? [] : cards(haemoglobin)),
      };
    },
  },
  {
    fault: 'a lab that was never taken is 412',
    fails: ['empty-chart-200'],
    change: () => ({ statusWithoutData: (labs) => (labs === undefined || labs.length === 0 ? 412 : undefined) }),
  },
  { fault: "another patient's results are used", warns: ['other-patients'], change: () => ({ isOwn: () => true }) },

  { fault: 'the access token is not sent', fails: ['bearer-token'], change: () => ({ fhirHeaders: () => ({}) }) },
  {
    fault: 'scopes of SMART 1 are not understood',
    fails: ['scopes-of-smart-1'],
    change: ({ mayAsk }) => ({ mayAsk: (scope, type) => !scope.includes('.read') && mayAsk(scope, type) }),
  },
  { fault: 'scopes are not looked at', warns: ['scope-honoured'], change: () => ({ mayAsk: () => true }) },
  { fault: 'the token goes to another server', fails: ['token-not-shared'], change: () => ({ followsNext: true }) },

  {
    fault: '200 without cards',
    fails: ['response-cards'],
    change: () => ({ otherOrders: { status: 'nothing to say' } }),
  },
  {
    fault: 'system actions without a resource',
    fails: ['system-actions'],
    change: () => ({ envelope: (cards) => ({ cards, systemActions: [{ type: 'update' }] }) }),
  },

  {
    fault: 'a summary of 140 characters',
    fails: ['card-summary'],
    change: cardWith({ summary: 'x'.repeat(140) }),
  },
  {
    fault: 'a summary of 139 characters and 140 UTF-16 units',
    fails: ['card-summary'],
    change: cardWith({ summary: `${'x'.repeat(138)}🩸` }),
  },
  { fault: 'indicator danger', fails: ['card-indicator'], change: cardWith({ indicator: 'danger' }) },
  { fault: 'HTML in detail', warns: ['card-detail-markdown'], change: cardWith({ detail: '<b>Restrictive</b>' }) },
  { fault: 'a detail that is no text', fails: ['card-detail'], change: cardWith({ detail: 7 }) },
  {
    fault: 'no source.label',
    fails: ['card-source'],
    change: cardWith({ source: { url: 'https://tiny.example.org' } }),
  },
  { fault: 'the same uuid on each call', fails: ['card-uuid'], change: cardWith({ uuid: SAME_UUID }) },
  {
    fault: 'suggestions without selectionBehavior',
    fails: ['card-selection-behavior'],
    change: cardWith({ selectionBehavior: undefined }),
  },
  {
    fault: 'an override reason without display',
    fails: ['card-override-reasons'],
    change: cardWith({ overrideReasons: [{ system: 'https://tiny.example.org', code: 'x' }] }),
  },
  { fault: 'a member of its own on the card', warns: ['card-own-members'], change: cardWith({ title: 'Tiny' }) },

  {
    fault: 'a suggestion without label',
    fails: ['suggestion-members'],
    change: cardWith((card) => ({ suggestions: [{ ...firstOf(card, 'suggestions'), label: undefined }] })),
  },
  {
    fault: 'two recommended suggestions of at-most-one',
    fails: ['suggestion-one-recommended'],
    change: cardWith((card) => ({ suggestions: [firstOf(card, 'suggestions'), firstOf(card, 'suggestions')] })),
  },
  {
    fault: 'an action without description',
    fails: ['suggestion-actions'],
    change: cardWith((card) => ({
      suggestions: [
        { ...firstOf(card, 'suggestions'), actions: [{ type: 'delete', resourceId: 'ServiceRequest/draft-1' }] },
      ],
    })),
  },
  {
    fault: 'an actionSelectionBehavior that does not exist',
    fails: ['action-selection-behavior'],
    change: cardWith((card) => ({
      suggestions: [{ ...firstOf(card, 'suggestions'), actionSelectionBehavior: 'some' }],
    })),
  },

  {
    fault: 'a relative link',
    fails: ['link-url-absolute'],
    change: cardWith({ links: [{ label: 'Read more', url: '/more', type: 'absolute' }] }),
  },
  {
    fault: 'a link of type web',
    fails: ['link-members'],
    change: cardWith({ links: [{ label: 'Read more', url: 'https://tiny.example.org/more', type: 'web' }] }),
  },
  {
    fault: 'appContext on an absolute link',
    fails: ['link-app-context'],
    change: cardWith({
      links: [{ label: 'Read more', url: 'https://tiny.example.org/more', type: 'absolute', appContext: 'x' }],
    }),
  },

  {
    fault: 'several items of feedback are refused',
    fails: ['feedback-several'],
    change: () => ({ feedbackStatus: (items) => (items.length > 1 ? 400 : 200) }),
  },
  {
    fault: 'feedback needs a comment',
    fails: ['feedback-outcomes'],
    change: () => ({
      feedbackStatus: (items) =>
        items.some(
          (item) => item['outcome'] === 'overridden' && at(item, 'overrideReason', 'userComment') === undefined,
        )
          ? 400
          : 200,
    }),
  },
  {
    fault: 'feedback on an unknown card is refused',
    fails: ['feedback-unknown-card'],
    change: () => ({
      feedbackStatus: (items, known) => (items.length === 1 && !known.has(String(items[0]?.['card'])) ? 404 : 200),
    }),
  },

  {
    fault: 'alg none is taken',
    fails: ['jwt-none'],
    change: () => ({ skipsSignature: (header) => header['alg'] === 'none' }),
  },
  {
    fault: 'HS256 is taken',
    fails: ['jwt-symmetric'],
    change: () => ({ skipsSignature: (header) => header['alg'] === 'HS256' }),
  },
  {
    fault: 'a token for another address is taken',
    fails: ['jwt-audience'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: (claims, audiences, seen) => acceptsClaims({ ...claims, aud: [...audiences] }, audiences, seen),
    }),
  },
  {
    fault: 'an expired token is taken',
    fails: ['jwt-expired'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: ({ exp = 0, iat = 0, ...claims }, audiences, seen) => {
        const later = Math.max(0, Math.floor(Date.now() / 1000) - exp + 1);
        return acceptsClaims({ ...claims, exp: exp + later, iat: iat + later }, audiences, seen);
      },
    }),
  },
  {
    fault: 'a token is taken twice',
    fails: ['jwt-replay'],
    change: ({ acceptsClaims }) => ({
      acceptsClaims: (claims, audiences) => acceptsClaims(claims, audiences, new Set()),
    }),
  },
  {
    fault: 'the 401 tells why',
    warns: ['jwt-opaque-401'],
    change: () => ({ refusal: (why) => outcome('login', why === 'signature' ? 'invalid signature' : 'invalid') }),
  },

  {
    fault: 'a preflight without CORS headers',
    fails: ['cors-preflight'],
    change: () => ({ preflightHeaders: () => ({}) }),
  },
  {
    fault: 'refusals without CORS headers',
    fails: ['cors-answers'],
    change: ({ answerHeaders }) => ({ answerHeaders: (status) => (status === 200 ? answerHeaders(status) : {}) }),
  },
  {
    fault: 'every origin, with credentials',
    fails: ['cors-credentials'],
    change: () => ({
      answerHeaders: () => ({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' }),
    }),
  },
  {
    fault: 'one origin without Vary',
    warns: ['cors-vary'],
    change: () => ({ answerHeaders: () => ({ 'Access-Control-Allow-Origin': TINY_ORIGIN }) }),
  },

  {
    fault: 'an unknown extension is refused',
    fails: ['request-extension'],
    change: ({ checkBody }) => ({
      checkBody: (body) => {
        checkBody(body);
        if (at(body, 'extension', 'org.example.conformance') !== undefined) throw new Refusal(400);
      },
    }),
  },
  {
    fault: 'unknown configuration is refused',
    fails: ['configuration-extension'],
    change: ({ checkBody }) => ({
      checkBody: (body) => {
        checkBody(body);
        if (at(body, 'extension', 'davinci-crd.configuration') !== undefined) throw new Refusal(400);
      },
    }),
  },
  { fault: 'an extension that is a text', fails: ['extension-objects'], change: cardWith({ extension: 'tiny' }) },
];
