import type { ClientDialect } from '../clients/registered-client.js';

/** What a site may set about how its cards look, and what a client or a call has changed of it. */
export interface CardOptions {
  /** A fresh UUID v4 for every card: clients key feedback by it. */
  readonly newId: () => string;
  readonly sourceLabel: string;
  readonly sourceUrl?: string;
  /** Is `critical` used for the very high tier (≥ 25 %)? */
  readonly mayBeCritical: boolean;
  /** Drivers named at most; not set: all of the explanation. */
  readonly maxDrivers?: number;
  /** Not set: the standard's way. */
  readonly dialect?: Pick<ClientDialect, 'cardDetail' | 'topicCode'>;
}

/** Every default: no `critical`. */
export function defaultCardOptions(newId: () => string): CardOptions {
  return { newId, sourceLabel: 'Hemolens', mayBeCritical: false };
}

/** Card options from the site's configuration. */
export function cardOptionsOf(
  { criticalAllowed }: { readonly criticalAllowed: boolean },
  newId: () => string,
): CardOptions {
  return { ...defaultCardOptions(newId), mayBeCritical: criticalAllowed };
}
