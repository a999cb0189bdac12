import { ServiceError } from '../errors/service-error.js';

export interface JsonGuardLimits {
  readonly maxDepth: number;
  /** Values of arrays and members of objects together. */
  readonly maxValues: number;
}

/** FHIR nests about 20 deep; 2 million values are more than the largest chart that fits the body limit has. */
export const DEFAULT_JSON_LIMITS: JsonGuardLimits = { maxDepth: 100, maxValues: 2_000_000 };

/** Watches JSON text as it arrives. */
export interface JsonGuard {
  /** Throws ServiceError ERR_BODY_MALFORMED (nested too deep) or ERR_BODY_TOO_LARGE (too many values). */
  check(chunk: Uint8Array): void;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** `[` and `{`, `]` and `}` differ in one bit. */
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BRACE_BIT = 0x20;

/**
 * Counts depth and values byte by byte, across the borders of chunks, so that a hostile body is refused before it is whole.
 * It does not decide whether the text is JSON: the parser does.
 */
export function createJsonGuard({ maxDepth, maxValues }: JsonGuardLimits = DEFAULT_JSON_LIMITS): JsonGuard {
  let depth = 0;
  let values = 0;
  let isInString = false;
  let isEscaped = false;
  return {
    check(chunk) {
      for (let i = 0; i < chunk.length; i += 1) {
        const byte = chunk[i] ?? 0;
        if (isInString) {
          if (isEscaped) isEscaped = false;
          else if (byte === QUOTE) isInString = false;
          else if (byte === BACKSLASH) isEscaped = true;
          continue;
        }
        if (byte === QUOTE) isInString = true;
        else if (byte === COMMA) values += 1;
        else if ((byte | BRACE_BIT) === (OPEN | BRACE_BIT)) {
          depth += 1;
          values += 1;
          if (depth > maxDepth) throw tooDeep(maxDepth);
        } else if ((byte | BRACE_BIT) === (CLOSE | BRACE_BIT)) depth -= 1;
      }
      if (values > maxValues) throw tooMany(maxValues);
    },
  };
}

function tooDeep(maxDepth: number): ServiceError {
  return new ServiceError('ERR_BODY_MALFORMED', { detail: `the body is nested more than ${maxDepth} deep` });
}

function tooMany(maxValues: number): ServiceError {
  return new ServiceError('ERR_BODY_TOO_LARGE', { detail: `the body has more than ${maxValues} values` });
}
