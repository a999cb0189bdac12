import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import { addressKind, type AddressKind } from './address-rules.js';

/** Every address of a host name; the system's resolver unless another is given. */
export type LookupAddresses = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Which addresses connections may go to, beside public ones. */
export interface AddressTrust {
  /** Loopback, where the URL itself says so (`127.0.0.1`, `[::1]`, `localhost`). */
  readonly loopbackAllowed: boolean;
  /** Private networks and loopback, under any name. */
  readonly privateNetworksAllowed: boolean;
}

/** A connection that was not made: the name leads to an address that may not be called. Holds no address. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  readonly code = 'ERR_FHIR_ADDRESS';
}

export const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/**
 * Opens connections to checked addresses only: a name is resolved once per connection, each of its addresses is checked,
 * and the connection goes to those very addresses, so that a name cannot lead elsewhere between the check and the call.
 * One address that may not be called is enough to refuse the name. TLS still asks for the certificate of the name.
 */
export function checkedConnector(
  trust: AddressTrust,
  { lookup = resolve, connectTimeoutMs }: { readonly lookup?: LookupAddresses; readonly connectTimeoutMs: number },
): buildConnector.connector {
  const isAllowed = (hostname: string, address: string): boolean => mayCall(addressKind(address), hostname, trust);
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    autoSelectFamily: true,
    lookup: (hostname, _options, done) => {
      void lookup(hostname).then(
        (found) => {
          const addresses = found.map(({ address, family }) => ({ address, family }));
          const isSafe = addresses.length > 0 && addresses.every(({ address }) => isAllowed(hostname, address));
          if (isSafe) done(null, addresses);
          else done(new AddressRefused('the name leads to an address that may not be called'), []);
        },
        (error: unknown) => {
          done(error instanceof Error ? error : new Error('the name could not be resolved'), []);
        },
      );
    },
  });
  return (options, callback) => {
    const literal = options.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(literal) !== 0 && !isAllowed(literal, literal)) {
      callback(new AddressRefused('this address may not be called'), null);
      return;
    }
    connect(options, callback);
  };
}

function mayCall(kind: AddressKind, hostname: string, trust: AddressTrust): boolean {
  switch (kind) {
    case 'public':
      return true;
    case 'private':
      return trust.privateNetworksAllowed;
    case 'loopback':
      return trust.privateNetworksAllowed || (trust.loopbackAllowed && LOOPBACK_HOST.test(hostname));
    case 'never':
      return false;
  }
}

function resolve(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((found, failed) => {
    systemLookup(hostname, { all: true }, (error, addresses) => {
      if (error) failed(error);
      else found(addresses);
    });
  });
}
