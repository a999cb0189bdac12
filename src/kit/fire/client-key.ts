import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { ServiceError } from '../../errors/service-error.js';
import { isObject, textMember } from '../../sandbox/resource-json.js';

/** What the specification recommends. @see requirement 64 */
export const KEY_ALGORITHMS = ['ES384', 'RS384'] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

/** A private key that can sign a client token. */
export interface ClientKey {
  readonly privateKey: KeyObject;
  readonly algorithm: KeyAlgorithm;
  /** The key's own, or its RFC 7638 thumbprint. */
  readonly kid: string;
  /** Public half, for the service's key set. */
  readonly publicJwk: JWK;
}

/** Larger than the 2,048 that RS384 needs at least: keys of test clients tend to stay. */
const RSA_BITS = 3072;

/**
 * Makes a key pair and writes the private JWK to `file`, readable by its owner alone; returns the public key set.
 * Throws ServiceError ERR_CONFIG where the file is there already (a key in use is never overwritten) or cannot be written.
 */
export async function makeClientKey(file: string, algorithm: KeyAlgorithm): Promise<{ readonly keys: readonly JWK[] }> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength: RSA_BITS });
  const publicJwk = await exportJWK(publicKey);
  const facts = { kid: await calculateJwkThumbprint(publicJwk), alg: algorithm, use: 'sig' };
  const content = `${JSON.stringify({ ...(await exportJWK(privateKey)), ...facts }, undefined, 2)}\n`;
  try {
    await writeFile(file, content, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const isThere = textMember(error, 'code') === 'EEXIST';
    throw new ServiceError('ERR_CONFIG', {
      detail: isThere
        ? `${file} is there already and is not overwritten: a service may trust that key. Choose another name.`
        : `${file} cannot be written (${textMember(error, 'code') ?? 'unknown reason'})`,
    });
  }
  return { keys: [{ ...publicJwk, ...facts }] };
}

/**
 * The private key in a file: a JWK (as `hemolens kit key` writes it), or PEM; EC on P-384 (ES384) or RSA of 2,048 bits or more (RS384).
 * Throws ServiceError ERR_CONFIG saying what the file holds instead; the key itself is never quoted.
 */
export async function readClientKey(file: string): Promise<ClientKey> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw bad(
      `${file} cannot be read (${textMember(error, 'code') ?? 'unknown reason'}); \`hemolens kit key --out ${file}\` makes one`,
    );
  }
  const { privateKey, kid } = text.trimStart().startsWith('{') ? fromJwk(file, text) : fromPem(file, text);
  const algorithm = algorithmOf(file, privateKey);
  const publicJwk = await exportJWK(createPublicKey(privateKey));
  const keyId = kid ?? (await calculateJwkThumbprint(publicJwk));
  return { privateKey, algorithm, kid: keyId, publicJwk: { ...publicJwk, kid: keyId, alg: algorithm, use: 'sig' } };
}

function fromJwk(file: string, text: string): { readonly privateKey: KeyObject; readonly kid?: string } {
  let jwk: unknown;
  try {
    jwk = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw bad(`${file} begins like a JWK but is not JSON`);
  }
  if (!isObject(jwk)) throw bad(`${file} is not a JWK`);
  if (Array.isArray(Reflect.get(jwk, 'keys')))
    throw bad(`${file} is a key set: give a file with the one private key (JWK) in it`);
  if (textMember(jwk, 'kty') === 'oct') throw bad(`${file} holds a symmetric key, which CDS Hooks forbids`);
  if (textMember(jwk, 'd') === undefined)
    throw bad(`${file} holds a public key (no \`d\`): signing needs the private one`);
  const kid = textMember(jwk, 'kid');
  try {
    return {
      privateKey: createPrivateKey({ key: { ...jwk }, format: 'jwk' }),
      ...(kid === undefined ? {} : { kid }),
    };
  } catch {
    throw bad(`${file} is a JWK that cannot be read as a private key`);
  }
}

function fromPem(file: string, text: string): { readonly privateKey: KeyObject; readonly kid?: string } {
  if (/BEGIN (EC |RSA )?PUBLIC KEY|BEGIN CERTIFICATE/.test(text) && !text.includes('PRIVATE KEY'))
    throw bad(`${file} holds a public key or certificate: signing needs the private key`);
  if (text.includes('BEGIN ENCRYPTED PRIVATE KEY'))
    throw bad(`${file} is encrypted with a pass phrase: give it without one`);
  try {
    return { privateKey: createPrivateKey(text) };
  } catch {
    throw bad(`${file} is neither a private JWK nor a private key in PEM; \`hemolens kit key\` makes a JWK`);
  }
}

function algorithmOf(file: string, { asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): KeyAlgorithm {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails;
  if (asymmetricKeyType === 'ec' && namedCurve === 'secp384r1') return 'ES384';
  if (asymmetricKeyType === 'rsa' && modulusLength >= 2048) return 'RS384';
  const found =
    asymmetricKeyType === 'rsa'
      ? `an RSA key of ${modulusLength} bits`
      : [asymmetricKeyType ?? 'unknown', namedCurve].filter((word) => word !== undefined).join(' ');
  throw bad(
    `${file} holds a key that ES384 and RS384 cannot use (${found}): EC on P-384, or RSA of 2,048 bits or more`,
  );
}

function bad(detail: string): ServiceError {
  return new ServiceError('ERR_CONFIG', { detail });
}
