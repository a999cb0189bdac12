import { ServiceError } from '../errors/service-error.js';

/** A prefetch template, taken apart; ids and values still hold their `{{tokens}}`. */
export type PrefetchTemplate =
  | { readonly kind: 'read'; readonly resourceType: string; readonly id: string }
  | {
      readonly kind: 'search';
      readonly resourceType: string;
      readonly parameters: readonly (readonly [name: string, value: string])[];
    };

/** What tokens are filled from. */
export interface TokenContext {
  /** `Practitioner/123` */
  readonly userId: string;
  readonly patientId: string;
  readonly encounterId?: string;
}

/** `unresolved`: the context has no value for `token`, so the template cannot be run. */
export type FilledTemplate = { readonly kind: 'filled'; readonly template: PrefetchTemplate } | Unresolved;
interface Unresolved {
  readonly kind: 'unresolved';
  readonly token: string;
}

const TEMPLATE = /^([A-Z][A-Za-z]+)(?:\/([^/?]+)|\?([^?]+))$/;
const TOKEN = /\{\{([^{}]*)\}\}/g;
const CONTEXT_TOKENS = new Set(['context.userId', 'context.patientId', 'context.encounterId']);
const USER_TOKENS = new Map([
  ['userPractitionerId', 'Practitioner'],
  ['userPractitionerRoleId', 'PractitionerRole'],
  ['userPatientId', 'Patient'],
  ['userRelatedPersonId', 'RelatedPerson'],
]);
/** Search results parameters of requirement 23; the others restrict by reference, token or date. */
const RESULT_PARAMETERS = new Set(['_count', '_sort']);
const RESTRICTING_PARAMETER = /^(_id|[a-z][a-z-]*)(:in)?$/;

/**
 * Takes a template (`Patient/{{context.patientId}}`, `Observation?patient=…`) apart.
 * Throws ServiceError ERR_CONFIG for a token that order-sign does not offer, or a query beyond the restricted forms:
 * chaining, `_include`, `_has`, modifiers other than `:in`, a parameter given twice.
 * @see requirements 21 and 23
 */
export function parsePrefetchTemplate(text: string): PrefetchTemplate {
  const [, resourceType, id, query] = TEMPLATE.exec(text) ?? [];
  if (resourceType === undefined) throw badTemplate('is neither Type/id nor Type?query');
  for (const [, token = ''] of text.matchAll(TOKEN)) {
    if (!CONTEXT_TOKENS.has(token) && !USER_TOKENS.has(token)) throw badTemplate(`has the unknown token ${token}`);
  }
  if (/[{}]/.test(text.replace(TOKEN, ''))) throw badTemplate('has a brace outside a token');
  if (id !== undefined) return { kind: 'read', resourceType, id };
  const parameters = (query ?? '').split('&').map(parseParameter);
  const names = parameters.map(([name]) => name);
  if (new Set(names).size !== names.length) throw badTemplate('gives a parameter twice');
  return { kind: 'search', resourceType, parameters };
}

function parseParameter(pair: string): readonly [string, string] {
  const at = pair.indexOf('=');
  const name = pair.slice(0, Math.max(at, 0));
  const value = pair.slice(at + 1);
  if (value === '') throw badTemplate('has a parameter without a value');
  if (!RESULT_PARAMETERS.has(name) && !RESTRICTING_PARAMETER.test(name)) throw badTemplate(`uses parameter ${name}`);
  return [name, value];
}

/** The template with every token replaced by its value from the hook context (not URL-encoded: see `templatePath`). */
export function fillPrefetchTemplate(template: PrefetchTemplate, context: TokenContext): FilledTemplate {
  let unresolved: string | undefined;
  const fill = (text: string, escape: (value: string) => string): string =>
    text.replace(TOKEN, (_, token: string) => {
      const value = tokenValue(token, context);
      if (value === undefined) unresolved ??= token;
      return escape(value ?? '');
    });
  const filled: PrefetchTemplate =
    template.kind === 'read'
      ? { ...template, id: fill(template.id, (value) => value) }
      : { ...template, parameters: template.parameters.map(([name, value]) => [name, fill(value, escapeSearchValue)]) };
  return unresolved === undefined ? { kind: 'filled', template: filled } : { kind: 'unresolved', token: unresolved };
}

function tokenValue(token: string, { userId, patientId, encounterId }: TokenContext): string | undefined {
  switch (token) {
    case 'context.userId':
      return userId;
    case 'context.patientId':
      return patientId;
    case 'context.encounterId':
      return encounterId;
    default: {
      const [type, id] = userId.split('/');
      return USER_TOKENS.get(token) === type ? id : undefined;
    }
  }
}

/** A value with the characters that separate search values escaped. @see https://hl7.org/fhir/R4/search.html#escaping */
function escapeSearchValue(value: string): string {
  return value.replace(/[\\,|$]/g, '\\$&');
}

/** Path and query of a filled template, relative to the FHIR base and URL-encoded; commas stay commas. */
export function templatePath(template: PrefetchTemplate): string {
  if (template.kind === 'read') return `${template.resourceType}/${encodeURIComponent(template.id)}`;
  const query = template.parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeValue(value)}`);
  return `${template.resourceType}?${query.join('&')}`;
}

function encodeValue(value: string): string {
  return encodeURIComponent(value).replaceAll('%2C', ',');
}

function badTemplate(what: string): ServiceError {
  return new ServiceError('ERR_CONFIG', { detail: `a prefetch template ${what}` });
}
