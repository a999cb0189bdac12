import { randomBytes } from 'node:crypto';

/** A caller's place in a distributed trace, continued by us. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** The `traceparent` for requests of ours: the caller's trace, our own parent id. */
  readonly traceparent: string;
}

/** Version 00 exactly; a later version may have more members behind a dash. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;

/**
 * The trace that a request belongs to, or undefined where it has no `traceparent` or one that is not valid: a trace is passed
 * on and never begun here.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function continueTrace(header: string | string[] | undefined): TraceContext | undefined {
  if (typeof header !== 'string' || header.length > 512) return undefined;
  const [, version, traceId, flags = '00', more] = TRACEPARENT.exec(header.trim()) ?? [];
  if (traceId === undefined || (version === '00' && more !== undefined)) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED;
  return { traceId, traceparent: `00-${traceId}-${newParentId()}-${isSampled ? '01' : '00'}` };
}

function newParentId(): string {
  const id = randomBytes(8).toString('hex');
  return /^0+$/.test(id) ? newParentId() : id;
}
