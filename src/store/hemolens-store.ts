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
