import { Ajv, type ErrorObject } from 'ajv';
import { ServiceError } from '../errors/service-error.js';
import { isFetchableJku } from './fetchable-jku.js';
import { isIssuerWithPublicKey } from './public-issuers.js';
import { fitsAlgorithm, isSecret, parseKeySet } from './public-jwk.js';
import {
  DEFAULT_ALGORITHMS,
  type ClientDialect,
  type ClientKeys,
  type ClientLimits,
  type PublicJwk,
  type RegisteredClient,
  type SignatureAlgorithm,
  type SuppressionRules,
} from './registered-client.js';
import { REGISTRATION_SCHEMA } from './registration-schema.js';

/** A registration as an operator writes it: what is left out has its default. */
interface WrittenRegistration {
  readonly id: string;
  readonly iss: string;
  readonly jku?: string;
  readonly jwks?: unknown;
  readonly algorithms?: readonly SignatureAlgorithm[];
  readonly tenants?: readonly string[];
  readonly fhirBases?: readonly string[];
  readonly mode?: RegisteredClient['mode'];
  readonly enabled?: boolean;
  readonly dialect?: Partial<ClientDialect>;
  readonly suppression?: Partial<SuppressionRules>;
  readonly cooldownHours?: number;
  readonly callOptions?: RegisteredClient['callOptions'];
  readonly limits?: Partial<ClientLimits>;
}

export interface RegistrationSetting {
  readonly mode: 'development' | 'sandbox' | 'production';
}

export const DEFAULT_LIMITS: ClientLimits = { requestsPerMinute: 600, concurrent: 16 };
/** One shift: who was shown a risk at its beginning is not shown the same at its end. */
export const DEFAULT_COOLDOWN_HOURS = 12;

const isWritten = new Ajv({ allErrors: true, verbose: true }).compile<WrittenRegistration>(REGISTRATION_SCHEMA);

/**
 * A client from what an operator wrote (parsed JSON), with the defaults filled in: silent, enabled, ES384 and RS384. Throws
 * ServiceError ERR_CLIENT naming every member that does not fit; keys are never quoted.
 */
export function parseRegistration(value: unknown, { mode }: RegistrationSetting): RegisteredClient {
  if (!isWritten(value)) {
    throw bad([...new Set((isWritten.errors ?? []).map(misfit))].join('; '));
  }
  if (mode === 'production' && isIssuerWithPublicKey(value.iss)) {
    throw bad('iss: the private key of this issuer is published, so anybody can sign as it does; never in production');
  }
  const algorithms = value.algorithms ?? DEFAULT_ALGORITHMS;
  return {
    id: value.id,
    iss: value.iss,
    keys: keysOf(value, algorithms, mode),
    algorithms,
    tenants: value.tenants ?? [],
    fhirBases: (value.fhirBases ?? []).map((base) => fhirBase(base, mode)),
    mode: value.mode ?? 'silent',
    isEnabled: value.enabled ?? true,
    dialect: { cardDetail: 'markdown', audiences: [], ...value.dialect },
    suppression: { userRoles: [], encounterClasses: [], locations: [], ...value.suppression },
    cooldownHours: value.cooldownHours ?? DEFAULT_COOLDOWN_HOURS,
    callOptions: value.callOptions ?? [],
    limits: { ...DEFAULT_LIMITS, ...value.limits },
  };
}

function keysOf(
  { jku, jwks }: WrittenRegistration,
  algorithms: readonly SignatureAlgorithm[],
  mode: RegistrationSetting['mode'],
): ClientKeys {
  if (jwks !== undefined) {
    if (jku !== undefined && !URL.canParse(jku)) throw bad('jku must be an absolute http or https URL');
    return { kind: 'inline', jwks: { keys: inlineKeys(jwks, algorithms) }, ...(jku !== undefined && { jku }) };
  }
  if (jku === undefined) throw bad('give jku, the address of its key set, or jwks, the set itself');
  if (!isFetchableJku(jku, mode)) {
    const http = mode === 'production' ? '' : ', or http on a loopback address';
    throw bad(`jku must be an https URL${http}, without user and password`);
  }
  return { kind: 'jku', jku };
}

function inlineKeys(jwks: unknown, algorithms: readonly SignatureAlgorithm[]): readonly PublicJwk[] {
  const keys = parseKeySet(jwks);
  keys.forEach((key, index) => {
    if (isSecret(key)) {
      throw bad(
        `jwks.keys[${index}] holds a private or symmetric key: give the public one alone, and make the client a new pair, as this one has been passed on`,
      );
    }
    if (key.kid === undefined || key.kid === '')
      throw bad(`jwks.keys[${index}] has no kid: tokens name their key by it`);
  });
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw bad('jwks has two keys with one kid');
  if (!keys.some((key) => algorithms.some((algorithm) => fitsAlgorithm(key, algorithm)))) {
    throw bad(
      `jwks has no key that ${algorithms.join(' or ')} can be checked with: EC of the curve in the name, or RSA of 2,048 to 8,192 bits; not kept for another alg or use`,
    );
  }
  return keys;
}

function fhirBase(text: string, mode: RegistrationSetting['mode']): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'https:' || (url?.protocol === 'http:' && mode !== 'production');
  if (
    url === undefined ||
    !isHttp ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== '' ||
    url.password !== ''
  ) {
    const protocols = mode === 'production' ? 'https' : 'http or https';
    throw bad(`fhirBases must be absolute ${protocols} URLs without query, user and password`);
  }
  return text.replace(/\/+$/, '');
}

function misfit({ instancePath, keyword, params, parentSchema }: ErrorObject): string {
  const path = instancePath
    .slice(1)
    .replaceAll('/', '.')
    .replace(/\.(\d+)/g, '[$1]');
  const within = path === '' ? '' : `${path}.`;
  const given: Readonly<Record<string, unknown>> = params;
  if (keyword === 'additionalProperties') {
    const properties: unknown = parentSchema?.['properties'];
    const known = typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
    return `${within}${short(given['additionalProperty'])} is not known; known here: ${known.join(', ')}`;
  }
  if (keyword === 'required') return `${within}${short(given['missingProperty'])} is required`;
  if (keyword === 'uniqueItems') return `${path} has the same item twice`;
  return `${path === '' ? 'a registration' : path} must be ${short(parentSchema?.['description'] ?? 'something else', 300)}`;
}

function short(value: unknown, length = 60): string {
  return String(value).slice(0, length);
}

function bad(detail: string): ServiceError {
  return new ServiceError('ERR_CLIENT', { detail });
}
