import type { Config } from './config.js';
import { isLoopback } from './loopback.js';

type NetworkFacts = Pick<
  Config,
  'host' | 'port' | 'publicBaseUrl' | 'trustedProxies' | 'allowOpenNetwork' | 'clientAuthentication'
>;

/** May other machines call the service, at its own address or at that of a proxy before it? */
export function isReachableByOthers({
  host,
  publicBaseUrl,
  trustedProxies,
}: Pick<Config, 'host' | 'publicBaseUrl' | 'trustedProxies'>): boolean {
  // A proxy is there to pass on the calls of others, also where it is on this machine.
  if (!isLoopback(host) || trustedProxies.length > 0) return true;
  return publicBaseUrl !== undefined && !isLoopback(new URL(publicBaseUrl).hostname.replace(/^\[|\]$/g, ''));
}

/**
 * Must every call prove which client it comes from? As configured; else wherever other machines may call the service, unless it
 * was opened to them on purpose.
 * @see requirement 62
 */
export function requiresClientAuthentication(config: NetworkFacts): boolean {
  const { clientAuthentication, allowOpenNetwork } = config;
  if (clientAuthentication !== undefined) return clientAuthentication === 'required';
  return isReachableByOthers(config) && !allowOpenNetwork;
}

/**
 * The address that `aud` of client tokens is compared with: the public one, or on loopback the service's own; undefined where
 * neither is known before the service listens.
 * @see requirement 72
 */
export function audienceBaseUrl({ host, port, publicBaseUrl }: NetworkFacts): string | undefined {
  if (publicBaseUrl !== undefined) return publicBaseUrl;
  if (!isLoopback(host) || port === 0) return undefined;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
