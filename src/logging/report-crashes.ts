import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { faultFields } from './fault-fields.js';
import { createLogger, logEvent } from './logger.js';

const STANDARD_ERROR = 2;

/** Written at once: the process ends before a buffer would be emptied. */
function immediateStandardError(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      writeSync(STANDARD_ERROR, chunk);
      done();
    },
  });
}

/**
 * From now on an error that nothing caught ends the process with exit code 1 and one log line: class names, codes and the place in our own
 * code. Node's own report would print the error's message and the line of source it came from, and a message may quote a chart.
 */
export function reportCrashes(): void {
  const log = createLogger({ logLevel: 'error', destination: immediateStandardError() });
  const crash =
    (kind: 'exception' | 'rejection') =>
    (error: unknown): void => {
      logEvent(log, 'process.crashed', { kind, ...faultFields(error) });
      process.exit(1);
    };
  process.on('uncaughtException', crash('exception'));
  process.on('unhandledRejection', crash('rejection'));
}
