import type { AnsweredCall } from '../assessment/answered-call.js';
import type { RiskAssessment } from '../assessment/risk-assessment.js';
import { logEvent, type Log } from '../logging/logger.js';
import type { AssessmentStore } from './assessment-store.js';

/** A store for development: in memory, the newest `capacity` assessments, gone when the process ends. */
export interface DevelopmentStore extends AssessmentStore {
  /** The call whose assessment has this id, or undefined when it was never saved or has made room for newer ones. */
  get(assessmentId: string): AnsweredCall | undefined;
  /** Kept calls, newest first. */
  recent(): readonly AnsweredCall[];
}

/** An empty development store; says in the log that nothing is kept. Texts of notes are never kept. */
export function createDevelopmentStore({
  capacity,
  log,
}: {
  readonly capacity: number;
  readonly log: Log;
}): DevelopmentStore {
  logEvent(log, 'store.not-durable', {
    detail: 'assessments are kept in memory only and end with the process',
    capacity,
  });
  const kept = new Map<string, AnsweredCall>();
  return {
    save(call) {
      const { assessmentId } = call.assessment;
      kept.delete(assessmentId);
      kept.set(assessmentId, { ...call, assessment: withoutNoteTexts(call.assessment) });
      const [oldest] = kept.keys();
      if (kept.size > capacity && oldest !== undefined) kept.delete(oldest);
      return Promise.resolve();
    },
    get: (assessmentId) => kept.get(assessmentId),
    recent: () => [...kept.values()].reverse(),
  };
}

function withoutNoteTexts(assessment: RiskAssessment): RiskAssessment {
  const { record, tensors } = assessment;
  return {
    ...assessment,
    record: { ...record, notes: record.notes.map((note) => ({ ...note, text: '' })) },
    tensors: {
      ...tensors,
      notes: { ...tensors.notes, chunks: tensors.notes.chunks.map((chunk) => ({ ...chunk, text: '' })) },
    },
  };
}
