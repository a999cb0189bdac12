import { isLoopback } from '../../config/config.js';

/** Does this URL lead to this machine? */
export function isLoopbackUrl(url: string): boolean {
  const { hostname } = new URL(url);
  return isLoopback(hostname.replace(/^\[|\]$/g, '')) || hostname.startsWith('127.');
}
