import type { CdsClient } from '../clients/cds-client.js';
import type { RiskAssessment } from './risk-assessment.js';

/** Whether a card was shown, and why not. Everything was assessed and is kept in each case. */
export type DisplayDecision =
  | { readonly kind: 'shown' }
  | {
      readonly kind: 'withheld';
      readonly why:
        'below-tier' | 'not-scored-silent' | 'silent-mode' | 'cooldown' | 'user-role' | 'encounter-class' | 'location';
    };

/** One answered hook call about a blood product order, as the store takes it. The store pseudonymises; no token is in it. */
export interface AnsweredCall {
  readonly assessment: RiskAssessment;
  readonly client: Pick<CdsClient, 'id' | 'tenant'>;
  /** Whom it was about and who asked: clear identifiers. */
  readonly subject: {
    readonly patientId: string;
    readonly userId: string;
    readonly encounterId?: string;
    readonly fhirServer?: string;
  };
  readonly display: DisplayDecision;
  /** `uuid` of every card that was sent: feedback names them. */
  readonly cardIds: readonly string[];
  /** ms since the epoch. */
  readonly answeredAtMs: number;
  /** ms by stage. */
  readonly latencyMs: {
    readonly assemble: number;
    readonly features: number;
    readonly predict: number;
    readonly explain: number;
    readonly total: number;
  };
}
