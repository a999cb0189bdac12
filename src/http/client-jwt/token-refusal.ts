/** Why a token is refused: for the log and the operator, never for the caller. @see requirement 69 */
export type RefusalReason =
  | 'authorization-missing'
  | 'authorization-repeated'
  | 'authorization-not-bearer'
  | 'token-too-large'
  | 'token-malformed'
  | 'member-duplicated'
  | 'header-forbidden'
  | 'typ-wrong'
  | 'alg-unknown'
  | 'kid-missing'
  | 'claim-malformed'
  | 'iss-unknown'
  | 'iss-key-is-public'
  | 'aud-wrong'
  | 'exp-past'
  | 'iat-future'
  | 'nbf-future'
  | 'lifetime-too-long'
  | 'tenant-wrong'
  | 'alg-not-registered'
  | 'jku-not-registered'
  | 'keys-unavailable'
  | 'kid-unknown'
  | 'kid-ambiguous'
  | 'key-unfit'
  | 'signature-wrong'
  | 'jti-seen';

/** Thrown within the check of a token, and caught there. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    super(reason);
    this.reason = reason;
  }
}
