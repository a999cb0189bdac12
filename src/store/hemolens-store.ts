import type { ClientRegistryAdmin, SwitchBoardAdmin, TokenLedger } from '../clients/client-registry.js';
import type { AssessmentStore, FeedbackStore, ShownCards } from './assessment-store.js';

/** Everything the service keeps, behind one object. In memory, in a folder or in PostgreSQL: the same ports. */
export interface HemolensStore
  extends AssessmentStore, ShownCards, FeedbackStore, ClientRegistryAdmin, TokenLedger, SwitchBoardAdmin {
  /** Rows that wait in the spool of this process; 0 where there is none. */
  waiting(): number;
  /** Is the database reached at present? */
  isUp(): boolean;
  /** Lets what is under way finish, and gives the folder or the connections back. */
  close(): Promise<void>;
}

/** What only a database gives: a stored assessment as it was, its reading on record. */
export interface AuditedReads {
  /**
   * The row of one assessment by column, under pseudonyms, with `card_ids`; undefined when there is none. `agent`: who reads,
   * in our own names. Throws ServiceError ERR_STORE when the read cannot be put on record.
   */
  readAssessment(assessmentId: string, agent: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}

export interface DatabaseStore extends HemolensStore, AuditedReads {}
