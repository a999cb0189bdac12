import { describe, expect, it } from '@jest/globals';
import type { AnsweredCall } from '../../src/assessment/answered-call.js';
import type { RiskAssessment } from '../../src/assessment/risk-assessment.js';
import { SOURCE_KEYS } from '../../src/concepts/concept.js';
import { ServiceError } from '../../src/errors/service-error.js';
import type { SourceCoverage } from '../../src/record/patient-record.js';
import { createDevelopmentStore } from '../../src/store/development-store.js';
import { guardStore } from '../../src/store/guard-store.js';
import { parseLines, recordingLog } from '../support/test-app.js';

const NOTE = 'seen by the ward round';
const coverage: SourceCoverage = { kind: 'covered', sinceMs: null, origin: 'prefetch' };

function assessment(assessmentId: string): RiskAssessment {
  return {
    assessmentId,
    hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
    predictionTimeMs: 0,
    orders: [],
    record: {
      values: [],
      administrations: [],
      procedures: [],
      encounters: [],
      conditions: [],
      notes: [{ kind: 'progress', availableMs: 0, text: NOTE, evidence: 'DocumentReference/1' }],
      orders: [],
      coverage: {
        patient: coverage,
        encounters: coverage,
        labs: coverage,
        vitals: coverage,
        bedside: coverage,
        administrations: coverage,
        procedures: coverage,
        conditions: coverage,
        notes: coverage,
      },
      rejections: [],
    },
    tensors: {
      specId: 'test',
      predictionTimeMs: 0,
      tabular: new Float32Array([1, NaN]),
      states: new Uint8Array(SOURCE_KEYS.length),
      series: {
        conceptIds: new Int32Array(0),
        hoursBefore: new Float32Array(0),
        values: new Float32Array(0),
        mask: new Uint8Array(0),
        tokens: 0,
      },
      notes: {
        chunks: [{ text: NOTE, kind: 'progress', hoursBefore: 1, evidence: 'DocumentReference/1' }],
        mask: new Uint8Array([1]),
      },
      evidence: new Map(),
      modalities: { tabular: 'present', series: 'empty', notes: 'present' },
    },
    inIcu: true,
    outcome: { kind: 'not-scored', reason: 'too-little-data' },
  };
}

function answered(assessmentId: string): AnsweredCall {
  return {
    assessment: assessment(assessmentId),
    client: { id: 'test' },
    subject: { patientId: 'p1', userId: 'Practitioner/1' },
    display: { kind: 'withheld', why: 'below-tier' },
    cardIds: [],
    answeredAtMs: 0,
    latencyMs: { assemble: 0, features: 0, predict: 0, explain: 0, total: 0 },
  };
}

describe('the development store', () => {
  it('says in the log that nothing is durable', () => {
    const { log, text } = recordingLog();
    createDevelopmentStore({ capacity: 5, log });
    expect(parseLines(text())).toMatchObject([{ level: 'warn', event: 'store.not-durable', capacity: 5 }]);
  });

  it('gives back a saved assessment, without the texts of its notes', async () => {
    const store = createDevelopmentStore({ capacity: 5, log: recordingLog().log });
    await store.save(answered('a-1'));
    const kept = store.get('a-1');
    expect(kept?.assessment.tensors.tabular).toEqual(new Float32Array([1, NaN]));
    expect(kept?.assessment.record.notes).toHaveLength(1);
    expect(JSON.stringify(kept)).not.toContain(NOTE);
    expect(store.get('a-2')).toBeUndefined();
  });

  it('keeps the newest ones only', async () => {
    const store = createDevelopmentStore({ capacity: 2, log: recordingLog().log });
    for (const id of ['a-1', 'a-2', 'a-3', 'a-2']) await store.save(answered(id));
    expect(store.recent().map(({ assessment: { assessmentId } }) => assessmentId)).toEqual(['a-2', 'a-3']);
  });
});

describe('a guarded store', () => {
  it('fault: turns any failure to save into ERR_STORE', async () => {
    const store = guardStore({ save: () => Promise.reject(new Error('disk of Jane Doe is full')) });
    await expect(store.save(answered('x'))).rejects.toMatchObject({
      code: 'ERR_STORE',
      status: 500,
      detail: 'the assessment could not be kept',
    });
  });

  it('fault: passes on a failure that already says so', async () => {
    const error = new ServiceError('ERR_STORE', { detail: 'the disk is full' });
    await expect(guardStore({ save: () => Promise.reject(error) }).save(answered('x'))).rejects.toBe(error);
  });
});
