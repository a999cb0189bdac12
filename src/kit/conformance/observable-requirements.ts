import type { Level, Requirement, Source } from './requirement.js';

const A_PERMISSION = 'a permission: whatever a service does agrees with it';
const INSIDE = 'is about what the service does inside';
const A_JUDGEMENT = 'whether it holds for a text is a judgement, not a test';

type Row = readonly [id: string, level: Level, words: string, seen: readonly string[] | string, source?: Source];

/** Rules by id, or, as one text, why a client cannot see it. 2.0.1 unless said otherwise. */
const ROWS: readonly Row[] = [
  ['1', 'MUST', 'JSON over https; plain http only on loopback', ['https', 'json-media-type']],
  ['2', 'MUST', 'No null, "", [] or {} in answers but cards: [] and services: []', ['no-empty-members']],
  ['3', 'MUST', 'Embedded resources are standard FHIR JSON', ['fhir-resources'], '3.0 ballot'],
  ['4', 'MUST', 'Unknown members of a request are ignored', ['unknown-fields'], 'practice'],

  ['5', 'MUST', 'GET {base}/cds-services answers 200 with services', ['discovery-address']],
  ['6', 'SHOULD', 'Without services, discovery is services: []', 'shows only in a service that offers none'],
  ['7', 'MUST', 'Each entry has hook, description and id', ['discovery-entry']],
  ['8', 'SHOULD', 'Each entry has a title', ['discovery-title']],
  ['9', 'MAY', 'prefetch maps texts to texts; usageRequirements is a text', ['discovery-members']],
  ['10', 'SHOULD', 'version is the semver of the CDS Hooks text', ['discovery-version'], '3.0 ballot'],
  ['11', 'MAY', 'hookVersion, where given, was published', ['discovery-hook-version'], '3.0 ballot'],
  ['12', 'MAY', 'One id for several hooks replaces cards; else ids are distinct', ['discovery-distinct-ids']],
  ['13', 'MAY', 'Discovery may answer other 4xx and 5xx', A_PERMISSION],
  ['14', 'MAY', 'Discovery may want a token, whose aud is its address', ['discovery-open-or-401', 'jwt-accepted']],

  ['15', 'MUST', 'POST {base}/cds-services/{id} takes a JSON body', ['call-accepted']],
  [
    '16',
    'MUST',
    'Only hook, hookInstance and context can be relied on; fhirAuthorization goes with fhirServer',
    ['optional-fields-optional', 'authorization-without-server'],
  ],
  ['17', 'SHOULD', 'Bad calls get 400, 404, 415', ['bad-calls'], 'practice'],
  ['18', 'MAY', 'hookInstance is new for each call and says nothing about the patient', ['repeated-call'], 'practice'],
  ['19', 'SHOULD', 'The token goes to no server that is not allowed', ['token-not-shared'], 'practice'],
  ['order-sign-1.1', 'MUST', 'Orders signed again may have another status than draft', ['re-signed-orders']],

  ['20', 'MUST', 'Prefetch templates are published under stable keys', ['discovery-stable']],
  ['21', 'MUST', 'Templates hold only tokens that the hook offers', ['prefetch-tokens']],
  ['22', 'MAY', 'FHIRPath in tokens, which clients need not support', ['prefetch-tokens'], '3.0 ballot'],
  ['23', 'SHOULD', 'Templates keep to the restricted query forms', ['prefetch-queries']],
  [
    '24',
    'MUST',
    'Each state of a key is handled: absent, null, data, empty Bundle, OperationOutcome',
    ['prefetch-data', 'prefetch-null', 'prefetch-empty-bundle', 'prefetch-outcome'],
  ],
  [
    '25',
    'MUST',
    'What prefetch lacks is retrieved; either road suffices',
    ['prefetch-absent', 'prefetch-partial', 'prefetch-or-fhir'],
  ],
  ['26', 'MUST', 'Required data out of reach is 412; a record without data is not', ['no-data-412', 'empty-chart-200']],
  ['27', 'MUST', 'Prefetched Bundles may be first pages', ['prefetch-paged']],
  ['28', 'SHOULD', "Another patient's resources are dropped", ['other-patients'], 'practice'],

  ['29', 'MUST', 'Queries carry the access token', ['bearer-token']],
  ['30', 'MUST', 'Scopes of SMART 1 and 2; patient may be missing', ['scopes-of-smart-1', 'token-without-patient']],
  [
    '31',
    'SHOULD',
    'The token is transient: not shared, not used when expired',
    ['token-not-shared', 'token-expired'],
    'practice',
  ],
  ['32', 'SHOULD', 'Scopes are honoured before querying', ['scope-honoured'], 'practice'],
  ['33', 'SHOULD', 'A server without a token is queried without one', ['open-server'], 'practice'],

  ['34', 'MUST', 'Success is 200 with a list of cards', ['response-cards']],
  ['35', 'SHOULD', 'No advice is 200 with cards: []', ['no-advice-no-cards']],
  ['36', 'MAY', '412 and other 4xx and 5xx', ['no-data-412']],
  ['37', 'SHOULD', 'Refusals carry an OperationOutcome', ['error-outcome', 'json-media-type'], '3.0 ballot'],
  ['38', 'MUST', 'systemActions only where agreed, never empty', ['system-actions']],

  ['39', 'MAY', 'uuid identifies one card', ['card-uuid']],
  ['40', 'MUST', 'summary has fewer than 140 characters', ['card-summary']],
  ['41', 'MUST', 'detail is Markdown; HTML is not rendered by all', ['card-detail', 'card-detail-markdown']],
  ['42', 'MUST', 'indicator is info, warning or critical', ['card-indicator']],
  ['43', 'MUST', 'source has a label; urls are absolute', ['card-source']],
  ['44', 'MUST', 'suggestions go with selectionBehavior', ['card-selection-behavior']],
  ['45', 'MUST', 'Override reasons have code, system and display', ['card-override-reasons']],
  ['46', 'MAY', 'links is a list', ['card-members']],
  ['47', 'MAY', 'A card may name its orders in an extension', ['associated-resource'], 'practice'],

  [
    '48',
    'MUST',
    'A suggestion has a label; one recommended of at-most-one',
    ['suggestion-members', 'suggestion-one-recommended'],
  ],
  [
    '49',
    'MUST',
    'actionSelectionBehavior only towards clients that support it',
    ['action-selection-behavior'],
    '3.0 ballot',
  ],
  ['50', 'MUST', 'Actions have type, description, and a resource or resourceId', ['suggestion-actions']],
  ['51', 'SHOULD', 'A predictive card suggests no change of orders', A_JUDGEMENT, 'practice'],

  ['52', 'MUST', 'Links have label, absolute url and type', ['link-members', 'link-url-absolute']],
  ['53', 'MAY', 'appContext is a text, with smart links only', ['link-app-context']],
  ['54', 'SHOULD', 'The url of a smart link is the launch URL', ['link-smart-launch']],
  ['55', 'MAY', 'autolaunchable is a boolean', ['link-autolaunchable']],

  ['56', 'MAY', 'Feedback, where offered, takes { "feedback": [ … ] }', ['feedback-taken']],
  ['57', 'MUST', 'Both outcomes, in every form the text allows', ['feedback-outcomes']],
  [
    '58',
    'MUST',
    'Several items, repeats and unknown cards are tolerated',
    ['feedback-several', 'feedback-unknown-card', 'feedback-repeated'],
  ],
  ['59', 'SHOULD', 'Feedback is answered 200', ['feedback-answer'], 'practice'],
  ['60', 'SHOULD', 'Feedback is authenticated as calls are', ['feedback-authentication']],
  ['61', 'SHOULD', 'A card without feedback is not counted as accepted or overridden', INSIDE, 'practice'],

  ['62', 'SHOULD', 'Calls need authentication', ['authentication']],
  ['63', 'MUST', 'A JWT with iss, aud, exp, iat, jti is taken', ['jwt-accepted']],
  ['64', 'MUST', 'alg none and symmetric algorithms are refused', ['jwt-none', 'jwt-symmetric']],
  [
    '65',
    'MUST',
    'iss, aud, exp, signature and jti are verified',
    ['jwt-issuer', 'jwt-audience', 'jwt-expired', 'jwt-signature', 'jwt-replay'],
  ],
  ['66', 'SHOULD', 'iss and jku are on an allow-list', ['jwt-issuer', 'jwt-jku']],
  ['67', 'SHOULD', 'kid selects the key', ['jwt-kid']],
  ['68', 'SHOULD', 'A token lives an hour at most, and not from the future', ['jwt-lifetime'], 'practice'],
  ['69', 'SHOULD', 'A 401 tells nothing', ['jwt-opaque-401'], 'practice'],
  ['70', 'MAY', 'Mutual TLS instead or as well', A_PERMISSION],
  [
    '71',
    'SHOULD',
    'Each call has a token of its own; no sessions, no cookies',
    ['no-cookies', 'jwt-replay'],
    'practice',
  ],
  ['72', 'SHOULD', 'The public address is configurable; a trailing slash does no harm', ['trailing-slash'], 'practice'],

  [
    '73',
    'MUST',
    'Browsers may call: preflight without a token, headers on every answer',
    ['cors-preflight', 'cors-answers', 'cors-credentials', 'cors-vary'],
  ],
  ['74', 'SHOULD', 'Cards show the times of their data', A_JUDGEMENT, 'practice'],
  [
    '75',
    'MUST',
    'extension is an object with reverse-DNS names; unknown ones are ignored; nothing custom beside it',
    ['request-extension', 'extension-objects', 'card-own-members', 'card-members'],
  ],
  ['76', 'SHOULD', 'Unknown configuration is ignored', ['configuration-extension'], 'practice'],
  ['77', 'SHOULD', 'An answer takes on the order of 500 ms', ['response-time']],
  [
    '78',
    'SHOULD',
    'Relevant cards only: none and no query for other orders, one for several of a kind',
    ['no-advice-no-cards', 'no-advice-no-queries', 'orders-merged'],
    'practice',
  ],
  ['79', 'SHOULD', 'Capabilities are documented for people', 'is about documents, not about answers', '3.0 ballot'],

  ['cds-r-1', 'MUST', 'fhirAuthorization goes with fhirServer', ['authorization-without-server'], '3.0 ballot'],
  ['cds-r-2', 'SHOULD', 'Patient scopes go with patient', ['token-without-patient'], '3.0 ballot'],
  [
    'cds-resp-1',
    'MUST',
    'Of at-most-one, one suggestion at most is recommended',
    ['suggestion-one-recommended'],
    '3.0 ballot',
  ],
  [
    'cds-resp-2',
    'SHOULD',
    'A delete has a resourceId and no resource',
    ['suggestion-actions', 'system-actions'],
    '3.0 ballot',
  ],
  ['cds-resp-3', 'MUST', 'appContext with smart links only', ['link-app-context'], '3.0 ballot'],
  ['cds-resp-4', 'MUST', 'Override reasons have a display', ['card-override-reasons'], '3.0 ballot'],
  ['cds-resp-5', 'MUST', 'Actions of suggestions have a description', ['suggestion-actions'], '3.0 ballot'],
  ['cds-resp-6', 'MUST', 'suggestions go with selectionBehavior', ['card-selection-behavior'], '3.0 ballot'],
  [
    'cds-resp-7',
    'MUST',
    'actionSelectionBehavior is all, any or at-most-one',
    ['action-selection-behavior'],
    '3.0 ballot',
  ],
  ['cds-fb-1', 'MUST', 'outcome is accepted or overridden', ['feedback-outcomes'], '3.0 ballot'],
  ['cds-fb-2', 'MUST', 'accepted goes with acceptedSuggestions', ['feedback-outcomes'], '3.0 ballot'],
  ['cds-fb-3', 'MUST', 'An override has a reason, a comment, or both', ['feedback-outcomes'], '3.0 ballot'],
];

/**
 * The requirements for a CDS service that the suite goes by, each with the rules that look at it or the reason why none can. Numbers
 * are those used across this project's tests; `cds-…` are the invariants of the CDS Hooks repository.
 */
export const OBSERVABLE_REQUIREMENTS: readonly Requirement[] = ROWS.map(
  ([id, level, words, seen, source = '2.0.1']) => ({
    id,
    level,
    source,
    words,
    ...(typeof seen === 'string' ? { notObservable: seen } : { rules: seen }),
  }),
);
