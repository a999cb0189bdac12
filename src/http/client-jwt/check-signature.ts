import { errors, flattenedVerify, importJWK, type CryptoKey } from 'jose';
import { fitsAlgorithm } from '../../clients/public-jwk.js';
import type { PublicJwk, RegisteredClient, SignatureAlgorithm } from '../../clients/registered-client.js';
import type { KeySets } from './key-sets.js';
import type { ParsedToken } from './parse-token.js';
import { TokenRefusal } from './token-refusal.js';

/** Importing a key costs about as much as a check with it. */
const imported = new WeakMap<PublicJwk, Map<SignatureAlgorithm, Promise<CryptoKey | Uint8Array>>>();

/**
 * Is the token signed with a key of this client, by an algorithm it is registered with? Throws TokenRefusal. An address in
 * the token is compared and never followed.
 * @see requirements 64, 66 and 67
 */
export async function checkSignature(token: ParsedToken, client: RegisteredClient, keySets: KeySets): Promise<void> {
  const { alg, kid, jku } = token.header;
  if (!client.algorithms.includes(alg)) throw new TokenRefusal('alg-not-registered');
  if (jku !== undefined && jku !== client.keys.jku) throw new TokenRefusal('jku-not-registered');
  const keys = await keySets.keysNamed(client, kid);
  if (keys === undefined) throw new TokenRefusal('keys-unavailable');
  const [jwk, ...others] = keys;
  if (jwk === undefined) throw new TokenRefusal('kid-unknown');
  if (others.length > 0) throw new TokenRefusal('kid-ambiguous');
  if (!fitsAlgorithm(jwk, alg)) throw new TokenRefusal('key-unfit');
  await verify(token, alg, await publicKey(jwk, alg));
}

async function publicKey(jwk: PublicJwk, alg: SignatureAlgorithm): Promise<CryptoKey | Uint8Array> {
  const byAlgorithm = imported.get(jwk) ?? new Map<SignatureAlgorithm, Promise<CryptoKey | Uint8Array>>();
  imported.set(jwk, byAlgorithm);
  const key = byAlgorithm.get(alg) ?? importJWK({ ...jwk }, alg);
  byAlgorithm.set(alg, key);
  try {
    return await key;
  } catch {
    // Not on its curve, a member missing: the key is the client's, the fault too.
    throw new TokenRefusal('key-unfit');
  }
}

async function verify({ parts }: ParsedToken, alg: SignatureAlgorithm, key: CryptoKey | Uint8Array): Promise<void> {
  try {
    await flattenedVerify({ ...parts }, key, { algorithms: [alg] });
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) throw new TokenRefusal('signature-wrong');
    if (error instanceof errors.JOSEError || error instanceof TypeError) throw new TokenRefusal('key-unfit');
    throw error;
  }
}
