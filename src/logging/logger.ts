import { createLogger as createWinstonLogger, format, transports } from 'winston';
import { EVENTS, LOG_LEVELS, type EventFields, type EventName, type FieldKind, type LogLevel } from './events.js';

/** Where log lines go. Written to by `logEvent` only. */
export interface Log {
  /** Is a line of this level written at all? */
  mayWrite(level: LogLevel): boolean;
  write(level: LogLevel, line: Readonly<Record<string, unknown>>): void;
  /** Does a field that is not allowed throw (tests) instead of being dropped? */
  readonly isStrict: boolean;
}

export interface LoggerOptions {
  readonly logLevel: LogLevel | 'silent';
  /** Default: standard error, so that a command's result on standard output stays clean. */
  readonly destination?: NodeJS.WritableStream;
  readonly isStrict?: boolean;
}

/** A winston logger that writes one JSON object a line: `time`, `level`, `event`, then the event's fields. */
export function createLogger({ logLevel, destination = process.stderr, isStrict = false }: LoggerOptions): Log {
  const level = logLevel === 'silent' ? 'error' : logLevel;
  const winston = createWinstonLogger({
    level,
    silent: logLevel === 'silent',
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: format.printf(({ line }) => String(line)),
    exitOnError: false,
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types its transports as interfaces
    transports: [new transports.Stream({ stream: destination })],
  });
  return {
    isStrict,
    mayWrite: (wanted) => logLevel !== 'silent' && LOG_LEVELS.indexOf(wanted) <= LOG_LEVELS.indexOf(level),
    write: (wanted, line) => {
      const time = new Date().toISOString();
      winston.log({ level: wanted, message: '', line: JSON.stringify({ time, level: wanted, ...line }) });
    },
  };
}

/** A log that keeps nothing. */
export const silentLog: Log = { isStrict: false, mayWrite: () => false, write: () => undefined };

/**
 * Writes one event. A field that is not on the event's list, or whose value is not of its kind, is dropped (a strict log
 * throws), so that nothing from a chart or a request can slip into a line.
 */
export function logEvent<E extends EventName>(log: Log, event: E, fields: EventFields<E> = {}): void {
  const { level, fields: allowed } = EVENTS[event];
  if (!log.isStrict && !log.mayWrite(level)) return;
  const line: Record<string, unknown> = { event };
  const kinds = new Map<string, FieldKind>(Object.entries(allowed));
  for (const [name, value] of Object.entries<unknown>(fields)) {
    if (value === undefined) continue;
    const kind = kinds.get(name);
    if (kind !== undefined && isOfKind(kind, value)) line[name] = value;
    else if (log.isStrict)
      throw new Error(`${event} may not carry ${name} ${kind === undefined ? '' : `other than as ${kind}`}`.trim());
  }
  if (log.mayWrite(level)) log.write(level, line);
}

const TOKEN = /^[\w.:/@+-]{1,100}$/;

function isOfKind(kind: FieldKind, value: unknown): boolean {
  switch (kind) {
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'token':
      return typeof value === 'string' && TOKEN.test(value);
    case 'text':
      return typeof value === 'string' && value.length <= 500;
    case 'counts':
      return (
        typeof value === 'object' &&
        value !== null &&
        Object.entries<unknown>({ ...value }).every(([name, count]) => TOKEN.test(name) && Number.isFinite(count))
      );
  }
}
