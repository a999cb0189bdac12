import type { RegisteredClient } from './registered-client.js';

/** The registered clients, as the service reads them. Kept in the store; a change is seen within seconds, without a restart. */
export interface ClientRegistry {
  /** Throws ServiceError ERR_STORE when the registry can be neither read nor remembered. */
  findByIssuer(iss: string): Promise<RegisteredClient | undefined>;
}

/** The same, for the commands that change it. */
export interface ClientRegistryAdmin extends ClientRegistry {
  list(): Promise<readonly RegisteredClient[]>;
  /** Adds a client or replaces the one with its id. Throws ServiceError ERR_CLIENT when another one has its issuer. */
  put(client: RegisteredClient): Promise<void>;
  /** Was there one to remove? */
  remove(id: string): Promise<boolean>;
}

/** Tokens that were accepted, shared between replicas. @see requirement 65 */
export interface TokenLedger {
  /** Takes note of a token; false when it had been seen before. Forgets it after `expiresAtMs`. */
  claim(iss: string, jti: string, expiresAtMs: number): Promise<boolean>;
}

/** What can be switched while the service runs. */
export interface ServiceSwitches {
  /** false: the kill switch for all is thrown. */
  readonly isAssessing: boolean;
  /** Folder of the model bundle that replaces the configured one; absent: the configured one. */
  readonly modelBundleDir?: string;
}

export interface SwitchBoard {
  /** As of at most a few seconds ago; the last known when the store cannot be read. */
  read(): Promise<ServiceSwitches>;
}

export interface SwitchBoardAdmin extends SwitchBoard {
  write(change: { readonly [K in keyof ServiceSwitches]?: ServiceSwitches[K] | undefined }): Promise<void>;
}
