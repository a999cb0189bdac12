import { ServiceError } from '../../errors/service-error.js';
import type { LeakageTrap } from '../cohort-source.js';

/** The fault of a sprung trap: the build ends, loudly, with the trap's name. `where` carries no patient data. */
export function leak(trap: LeakageTrap, where: string): ServiceError {
  return new ServiceError('ERR_LEAKAGE', { detail: `${trap}: ${where}` });
}

/** How often each guard looked, for the dataset card: a guard that never looked proves nothing. */
export type GuardTally = Map<LeakageTrap, number>;

/** Counts one look of a guard. */
export function looked(tally: GuardTally, trap: LeakageTrap, times = 1): void {
  tally.set(trap, (tally.get(trap) ?? 0) + times);
}
