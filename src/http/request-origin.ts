import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ServiceError } from '../errors/service-error.js';

/** Where a request comes from and how it was sent, as far as that can be believed. */
export interface RequestOrigin {
  /** IP address; `unknown` once the connection is gone. */
  readonly address: string;
  /** Over TLS, to us or to a trusted proxy? */
  readonly isSecure: boolean;
  /** `Host` as the client wrote it. */
  readonly host: string | undefined;
}

export type ReadRequestOrigin = (request: IncomingMessage) => RequestOrigin;

/**
 * Reads the origin of requests. `X-Forwarded-For`, `-Proto` and `-Host` count only when the connection comes from one of
 * `trustedProxies` (IP addresses or CIDR networks); the client is then the right-most address that is not a trusted proxy.
 * Throws ServiceError ERR_CONFIG for an entry that is no address or network.
 */
export function createRequestOrigin(trustedProxies: readonly string[] = []): ReadRequestOrigin {
  const trusted = trustedProxies.length > 0 ? blockListOf(trustedProxies) : undefined;
  const isTrusted = (address: string): boolean => trusted?.check(address, familyOf(address)) ?? false;
  return (request) => {
    const peer = plainAddress(request.socket.remoteAddress ?? 'unknown');
    const isSecure = request.socket instanceof TLSSocket;
    const { host } = request.headers;
    if (!isTrusted(peer)) return { address: peer, isSecure, host };
    return {
      address: forwardedAddress(listOf(request.headers['x-forwarded-for']), peer, isTrusted),
      isSecure: isSecure || listOf(request.headers['x-forwarded-proto']).at(-1)?.toLowerCase() === 'https',
      host: listOf(request.headers['x-forwarded-host']).at(-1) ?? host,
    };
  };
}

/** From the right: every trusted proxy wrote down whom it was called by. What is left of a stranger is hearsay. */
function forwardedAddress(hops: readonly string[], peer: string, isTrusted: (address: string) => boolean): string {
  let nearest = peer;
  for (const hop of [...hops].reverse()) {
    const address = plainAddress(hop);
    if (isIP(address) === 0) return nearest;
    nearest = address;
    if (!isTrusted(address)) return address;
  }
  return nearest;
}

function listOf(header: string | string[] | undefined): readonly string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** `::ffff:10.0.0.1` as `10.0.0.1`; brackets, port and zone dropped. */
function plainAddress(text: string): string {
  const address = text.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/%.*$/, '');
  if (isIP(address) !== 0) return address.replace(/^::ffff:(?=\d+\.)/i, '');
  return address.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    try {
      if (prefix === undefined) list.addAddress(address, familyOf(address));
      else list.addSubnet(address, Number(prefix), familyOf(address));
    } catch (cause) {
      throw new ServiceError('ERR_CONFIG', { detail: 'a trusted proxy is no IP address or network', cause });
    }
  }
  return list;
}
