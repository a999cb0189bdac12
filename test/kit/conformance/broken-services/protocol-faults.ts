import { at, Refusal, tinyCard, tinyDiscovery, type Json } from '../tiny-service.js';
import {
  entryWith,
  entryWithout,
  prefetchWith,
  refusing,
  cardWith,
  firstOf,
  type BrokenService,
} from './broken-service.js';

const isNotEmptyBundle = (value: unknown): boolean =>
  at(value, 'resourceType') !== 'Bundle' || at(value, 'entry') !== undefined;

/** Faults in transport, discovery, prefetch and FHIR access. */
export const PROTOCOL_FAULTS: readonly BrokenService[] = [
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
    change: refusing(500, (body) => 'conformanceUnknown' in body),
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
    change: refusing(400, (body) => at(body, 'context', 'draftOrders', 'type') === undefined),
  },
  {
    fault: 'active orders are refused',
    fails: ['re-signed-orders'],
    change: refusing(400, (body) => JSON.stringify(body['context']).includes('"status":"active"')),
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
        cards: (haemoglobin, body) => (isUnreadable ? [] : cards(haemoglobin, body)),
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
    fault: 'an unknown extension is refused',
    fails: ['request-extension'],
    change: refusing(400, (body) => at(body, 'extension', 'org.example.conformance') !== undefined),
  },
  {
    fault: 'unknown configuration is refused',
    fails: ['configuration-extension'],
    change: refusing(400, (body) => at(body, 'extension', 'davinci-crd.configuration') !== undefined),
  },

  {
    fault: 'two services with one id',
    warns: ['discovery-distinct-ids'],
    change: () => ({
      discovery: () => ({
        services: [
          ...tinyDiscovery().services,
          ...tinyDiscovery().services.map((one) => ({ ...one, hook: 'order-select' })),
        ],
      }),
    }),
  },
  {
    fault: 'other prefetch keys each time',
    fails: ['discovery-stable'],
    change: () => {
      let times = 0;
      return {
        discovery: () => {
          times += 1;
          const [entry] = tinyDiscovery().services;
          const more = { [`key${times}`]: 'Patient/{{context.patientId}}' };
          return { services: [{ ...entry, prefetch: { ...(at(entry, 'prefetch') as Json), ...more } }] };
        },
      };
    },
  },
  { fault: 'a trailing slash is unknown', warns: ['trailing-slash'], change: () => ({ lookUp: (path) => path }) },
  { fault: 'every call is 500', fails: ['call-accepted'], change: refusing(500, () => true) },
  {
    fault: 'a card for each order',
    warns: ['orders-merged'],
    change: () => ({
      cards: (haemoglobin, body) =>
        (at(body, 'context', 'draftOrders', 'entry') as readonly unknown[]).map(() => tinyCard(haemoglobin)),
    }),
  },
  {
    fault: 'fhirAuthorization without fhirServer is 500',
    fails: ['authorization-without-server'],
    change: refusing(500, (body) => 'fhirAuthorization' in body && !('fhirServer' in body)),
  },
  {
    // No fault: the suite must not take a service that keeps cards from repeating for a broken one.
    fault: 'a card is not shown again',
    warns: ['repeated-call'],
    change: ({ cards }) => {
      let isShown = false;
      return {
        cards: (haemoglobin, body) => {
          if (isShown) return [];
          isShown = true;
          return cards(haemoglobin, body);
        },
      };
    },
  },
  {
    fault: 'a call without prefetch is 500',
    fails: ['prefetch-absent', 'no-data-412'],
    warns: ['prefetch-or-fhir'],
    change: refusing(500, (body) => !('prefetch' in body)),
  },
  {
    fault: 'some prefetch is taken for all of it',
    fails: ['prefetch-partial'],
    change: () => ({ isAbsent: (_, prefetch) => prefetch === undefined }),
  },
  {
    fault: 'a warning only where the chart was read',
    warns: ['prefetch-or-fhir'],
    change: () => ({
      cards: (haemoglobin, body) => [
        { ...tinyCard(haemoglobin), ...(body['prefetch'] === undefined && { indicator: 'warning' }) },
      ],
    }),
  },
  {
    fault: 'a first page is refused',
    fails: ['prefetch-paged'],
    change: refusing(400, (body) => JSON.stringify(body['prefetch'] ?? {}).includes('"relation":"next"')),
  },
  {
    fault: 'a token of its own for an open server',
    warns: ['open-server'],
    change: ({ fhirHeaders }) => ({ fhirHeaders: (token) => fhirHeaders(token ?? 'invented') }),
  },
  {
    fault: 'a token without patient is refused',
    fails: ['token-without-patient'],
    change: refusing(
      400,
      (body) => at(body, 'fhirAuthorization') !== undefined && at(body, 'fhirAuthorization', 'patient') === undefined,
    ),
  },
  { fault: 'an expired token is used', warns: ['token-expired'], change: () => ({ isExpired: () => false }) },
  {
    fault: 'orders it has no advice on are 404',
    warns: ['no-advice-no-cards'],
    change: () => ({
      otherOrders: () => {
        throw new Refusal(404);
      },
    }),
  },
  {
    fault: 'the chart is read before the order',
    warns: ['no-advice-no-queries'],
    change: () => ({ readsBeforeScreening: true }),
  },
  {
    fault: 'refusals without an OperationOutcome',
    warns: ['error-outcome'],
    change: () => ({ refused: () => ({ error: 'refused' }) }),
  },
  { fault: 'discovery without description', fails: ['discovery-entry'], change: entryWithout('description') },
  { fault: 'discovery without title', warns: ['discovery-title'], change: entryWithout('title') },
  { fault: 'discovery without version', warns: ['discovery-version'], change: entryWithout('version') },
];
