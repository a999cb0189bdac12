import type { Bundle, FhirResource } from 'fhir/r4.js';
import type { CallConfiguration } from './call-configuration.js';

/** What the client did about one prefetch key (CDS Hooks requirement 24). */
export type Prefetched =
  | { readonly kind: 'data'; readonly resource: FhirResource }
  | { readonly kind: 'empty' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed' };

/** @see requirement 30. Never logged, never stored. */
export interface FhirAuthorization {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  readonly expiresInSeconds: number;
  readonly scope: string;
  readonly subject: string;
  readonly patient?: string;
}

/** A validated `order-sign` call. */
export interface HookRequest {
  readonly hook: 'order-sign';
  readonly hookInstance: string;
  readonly fhirServer?: string;
  readonly fhirAuthorization?: FhirAuthorization;
  readonly context: {
    readonly userId: string;
    readonly patientId: string;
    readonly encounterId?: string;
    readonly draftOrders: Bundle;
  };
  /** State of every key of our own template, in template order. */
  readonly prefetch: ReadonlyMap<string, Prefetched>;
  /** What the call asks to be shown; absent where it asks for nothing. @see requirement 76 */
  readonly configuration?: CallConfiguration;
}
