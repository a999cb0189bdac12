import { ERROR_CODES, type ErrorCode } from '../../errors/error-codes.js';
import { ServiceError } from '../../errors/service-error.js';
import { faultAnswer } from '../operation-outcome.js';

/** Codes of faults at start or in commands: no HTTP answer has them. */
const NOT_ANSWERED: ReadonlySet<string> = new Set([
  'ERR_CLIENT',
  'ERR_CONFIG',
  'ERR_MODEL_BUNDLE',
  'ERR_DATASET',
  'ERR_LEAKAGE',
] satisfies ErrorCode[]);

/** What to do about an answer of this status, for an integrator. */
const ADVICE: Readonly<Record<number, string>> = {
  400: 'The request is not what CDS Hooks asks for; `expression` names the element.',
  401: 'The client could not be authenticated. Nothing more is said.',
  403: 'The client may not do this.',
  404: 'There is nothing at this address.',
  405: 'Another method; `Allow` names those of the address.',
  408: 'The body came too slowly.',
  412: 'The chart is out of reach: neither prefetch nor the FHIR server brought what is required.',
  413: 'The body is too large.',
  415: 'The body is not JSON, or in another charset or encoding.',
  429: 'Too many calls; `Retry-After` says when to try again.',
  500: 'The service failed. No card is no statement about risk.',
  502: 'The FHIR server failed.',
  503: 'The service cannot take the call now; `Retry-After` says when to try again.',
};

type ResponseObject = Readonly<Record<string, unknown>>;

/** One response a status that the service answers faults with, by status, with an example for each code. */
export function errorResponses(): Readonly<Record<string, ResponseObject>> {
  const codes = answeredCodes();
  const statuses = [...new Set(codes.map((code) => ERROR_CODES[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      response(
        status,
        codes.filter((code) => ERROR_CODES[code].status === status),
      ),
    ]),
  );
}

/** Codes an HTTP answer can have. */
export function answeredCodes(): readonly ErrorCode[] {
  return Object.keys(ERROR_CODES)
    .filter(isErrorCode)
    .filter((code) => !NOT_ANSWERED.has(code));
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

function response(status: number, codes: readonly ErrorCode[]): ResponseObject {
  const advice = ADVICE[status] ?? 'The call is refused.';
  return {
    description: `${advice} Codes: ${codes.map((code) => `\`${code}\``).join(', ')}.`,
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/OperationOutcome' },
        examples: Object.fromEntries(codes.map((code) => [code, { value: example(code) }])),
      },
    },
  };
}

function example(code: ErrorCode): unknown {
  return faultAnswer(new ServiceError(code, { detail: 'what is wrong, in words without patient data' }), 'REQUEST-ID')
    .outcome;
}
