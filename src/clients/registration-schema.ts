import { SIGNATURE_ALGORITHMS } from './public-jwk.js';

/** A list of texts; `form` says in words what each has to be. */
function list(items: object, form: string): object {
  return {
    type: 'array',
    uniqueItems: true,
    maxItems: 200,
    items: { ...items, description: form },
    description: `a list, each ${form}`,
  };
}

function object(properties: Readonly<Record<string, object>>, required: readonly string[] = []): object {
  return { type: 'object', properties, required, additionalProperties: false, description: 'an object' };
}

const text = (pattern: string, maxLength: number) => ({ type: 'string', pattern, maxLength });
const PRINTABLE = '^[\\x21-\\x7e]+$';
const WORDS = '^[\\x20-\\x7e]+$';
const url = { ...text(PRINTABLE, 2048), description: 'an absolute http or https URL' };
const whole = (minimum: number, maximum: number) => ({
  type: 'integer',
  minimum,
  maximum,
  description: `a whole number from ${minimum} to ${maximum}`,
});
const oneOf = (values: readonly string[]) => ({ enum: values, description: `one of ${values.join(', ')}` });

/** JSON Schema of a registration as an operator writes it; `description` completes "must be …". */
export const REGISTRATION_SCHEMA = object(
  {
    id: {
      ...text('^[a-z0-9][a-z0-9._-]{0,63}$', 64),
      description: '1 to 64 of a-z 0-9 . _ - that begin with a letter or digit',
    },
    iss: {
      ...text(PRINTABLE, 2048),
      description: 'the `iss` of its tokens, exactly: printable characters without spaces',
    },
    jku: url,
    jwks: { type: 'object', description: 'a JWK Set: an object with an array `keys`' },
    algorithms: {
      ...list(
        { enum: SIGNATURE_ALGORITHMS },
        `one of ${SIGNATURE_ALGORITHMS.join(', ')}; "none" and symmetric ones (HS*) are never taken (req. 64)`,
      ),
      minItems: 1,
    },
    tenants: list(text(WORDS, 256), 'a `tenant` of at most 256 printable characters'),
    fhirBases: list(text(PRINTABLE, 2048), 'an absolute http or https URL without query'),
    mode: oneOf(['silent', 'cards']),
    enabled: { type: 'boolean', description: 'true or false' },
    dialect: object({
      cardDetail: oneOf(['markdown', 'html']),
      audiences: list(text(PRINTABLE, 2048), 'an `aud` of printable characters without spaces'),
      topicCode: { ...text('^[A-Za-z0-9]+$', 100), description: 'at most 100 letters and digits' },
    }),
    suppression: object({
      userRoles: list(text(WORDS, 256), 'a code of PractitionerRole.code or a type of userId'),
      encounterClasses: list(text(WORDS, 64), 'a code of Encounter.class'),
      locations: list(text(WORDS, 256), 'a reference or identifier of a Location'),
    }),
    cooldownHours: { type: 'number', minimum: 0, maximum: 720, description: 'a number of hours from 0 to 720' },
    callOptions: list(
      oneOf(['min-tier', 'show-low-risk', 'max-drivers']),
      'one of min-tier, show-low-risk, max-drivers',
    ),
    limits: object({ requestsPerMinute: whole(1, 100_000), concurrent: whole(1, 1000) }),
  },
  ['id', 'iss'],
);
