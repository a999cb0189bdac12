/** Where answered assessments go. The row is durable before the answer leaves. */
export interface AssessmentStore<Assessment> {
  /** Throws ServiceError('ERR_STORE') when the assessment could not be kept. */
  save(assessment: Assessment): Promise<void>;
}
