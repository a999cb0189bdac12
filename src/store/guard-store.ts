import { ServiceError } from '../errors/service-error.js';
import type { AssessmentStore } from './assessment-store.js';

/** The same store, whose every failure to save is ServiceError ERR_STORE. */
export function guardStore(store: AssessmentStore): AssessmentStore {
  return {
    async save(call) {
      try {
        await store.save(call);
      } catch (cause) {
        if (cause instanceof ServiceError && cause.code === 'ERR_STORE') throw cause;
        throw new ServiceError('ERR_STORE', { detail: 'the assessment could not be kept', cause });
      }
    },
  };
}
