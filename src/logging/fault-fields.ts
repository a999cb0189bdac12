import { isNativeError } from 'node:util/types';

/** What may be said of a thrown value: class names and codes, and where in our code; never its message. */
export interface FaultFields {
  readonly name: string;
  /** `TypeError/ECONNREFUSED` of the error and its causes, outermost first, joined by `:`. */
  readonly causes: string;
  /** Innermost place in our own code, `src/room/file.ts:12`. */
  readonly at?: string;
}

const MAX_CAUSES = 5;

/** Facts about a fault that hold no patient data: an error's message may quote a chart, so it is never read. */
export function faultFields(error: unknown): FaultFields {
  const chain: unknown[] = [];
  for (let cause: unknown = error; cause !== undefined && chain.length < MAX_CAUSES;) {
    chain.push(cause);
    cause = isNativeError(cause) ? cause.cause : undefined;
  }
  const at = isNativeError(error) ? innermostFrame(error) : undefined;
  return {
    name: errorName(error),
    causes: chain.map(nameAndCode).join(':').slice(0, 100),
    ...(at === undefined ? {} : { at }),
  };
}

function nameAndCode(error: unknown): string {
  const code: unknown = isNativeError(error) && 'code' in error ? error.code : undefined;
  const isCode = typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code);
  return isCode ? `${errorName(error)}/${code}` : errorName(error);
}

/** The class's name: `error.name` can be set to anything. */
function errorName(error: unknown): string {
  if (!isNativeError(error)) return typeof error;
  const { name } = error.constructor;
  return /^[A-Za-z]{1,40}$/.test(name) ? name : 'Error';
}

/** The first stack frame in our own files. The message, which precedes the frames, is cut off first. */
function innermostFrame(error: Error): string | undefined {
  const { stack = '', message } = error;
  const start = stack.indexOf(message);
  if (start < 0) return undefined;
  const frames = stack.slice(start + message.length);
  const [, place] = /\/((?:src|dist)\/[\w./-]{1,80}\.[jt]s:\d+):\d+\)?$/m.exec(frames) ?? [];
  return place;
}
