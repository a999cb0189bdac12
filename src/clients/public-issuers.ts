/** Issuers whose private key is published: anybody can sign as they do. @see §2.1 */
const ISSUERS: ReadonlySet<string> = new Set(['sandbox.cds-hooks.org']);

/** Is this `iss` one that anybody can sign for? Such a client may be registered for trying, never in production. */
export function isIssuerWithPublicKey(iss: string): boolean {
  const host = /^[a-z]+:\/\/([^/:?#]+)/i.exec(iss)?.[1] ?? iss;
  return ISSUERS.has(host.toLowerCase());
}
