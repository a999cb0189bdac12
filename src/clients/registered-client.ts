/** JSON Web Signature algorithms a client may be registered with. HS* and `none` are not among them, whatever is configured. */
export type SignatureAlgorithm =
  'ES256' | 'ES384' | 'ES512' | 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'EdDSA';
export const DEFAULT_ALGORITHMS: readonly SignatureAlgorithm[] = ['ES384', 'RS384'];

/** A public key as RFC 7517 writes it. */
export type PublicJwk = Readonly<Record<string, unknown>> & { readonly kty: string; readonly kid?: string };

/**
 * Where a client's keys come from: a URL registered with it, or the set itself. `jku` of an inline set is what its tokens may
 * name in their header; nothing is fetched from it.
 */
export type ClientKeys =
  | { readonly kind: 'jku'; readonly jku: string }
  | { readonly kind: 'inline'; readonly jwks: { readonly keys: readonly PublicJwk[] }; readonly jku?: string };

/** Tiers, from the lowest: which is the lowest that is shown. */
export type ShownTier = 'low' | 'moderate' | 'high' | 'very-high';

/** What a client's EHR does otherwise than the standard. Every member has a default: the standard's way. @see §3.6 */
export interface ClientDialect {
  /** `markdown`: as the standard says. `html`: the detail in the small HTML subset of EHRs that show no Markdown. */
  readonly cardDetail: 'markdown' | 'html';
  /** Audiences accepted in `aud` beside the address that was called. */
  readonly audiences: readonly string[];
  /** Code of `source.topic`, letters and digits only; not set: ours. */
  readonly topicCode?: string;
}

/** Calls about these get no card: they are assessed and stored all the same. */
export interface SuppressionRules {
  /** Codes or display-free role tokens of `PractitionerRole.code`, or reference types of `userId` (`PractitionerRole`). */
  readonly userRoles: readonly string[];
  /** `Encounter.class` codes, for example `EMER`. */
  readonly encounterClasses: readonly string[];
  /** References or identifiers of `Encounter.location.location`, for example `Location/or-3`. */
  readonly locations: readonly string[];
}

export interface ClientLimits {
  readonly requestsPerMinute: number;
  readonly concurrent: number;
}

/** One CDS client (an EHR installation) that may call the service, and what it may do. */
export interface RegisteredClient {
  /** Our name for it: 1–64 of `a-z 0-9 . _ -`, beginning with a letter or digit. In logs and metrics. */
  readonly id: string;
  /** Exactly the `iss` of its tokens; one client an issuer. */
  readonly iss: string;
  readonly keys: ClientKeys;
  readonly algorithms: readonly SignatureAlgorithm[];
  /** `tenant` claims accepted; empty: tokens need none, and one that is there is refused. */
  readonly tenants: readonly string[];
  /** FHIR bases its calls may name; a token leaves this process to these only. */
  readonly fhirBases: readonly string[];
  /** silent: everything runs and is stored, no card is returned. A new client starts so. */
  readonly mode: 'silent' | 'cards';
  /** false: its kill switch is thrown; calls are answered with no card and nothing is assessed. */
  readonly isEnabled: boolean;
  readonly dialect: ClientDialect;
  readonly suppression: SuppressionRules;
  /** Hours in which the same patient, products and tier gets no second card; 0: none. */
  readonly cooldownHours: number;
  /** Lowest tier that gets a card from this client's calls; not set: the site's. */
  readonly minTier?: ShownTier;
  /** Of the configuration extension, what its calls may set. @see requirement 76 */
  readonly callOptions: readonly ('min-tier' | 'show-low-risk' | 'max-drivers')[];
  readonly limits: ClientLimits;
}
