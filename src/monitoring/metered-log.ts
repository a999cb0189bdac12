import type { Log } from '../logging/logger.js';

/**
 * The same log, whose every event is also counted, those that are too detailed to be written too. What is counted is what `logEvent` let
 * through: fields on its allow-list.
 */
export function meteredLog(log: Log, count: (line: Readonly<Record<string, unknown>>) => void): Log {
  return {
    isStrict: log.isStrict,
    mayWrite: () => true,
    write: (level, line) => {
      count(line);
      if (log.mayWrite(level)) log.write(level, line);
    },
  };
}
