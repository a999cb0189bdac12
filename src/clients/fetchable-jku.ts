const LOOPBACK_HOSTS = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** May keys be fetched from this address? https; http on this machine alone, and never in production. @see requirement 66 */
export function isFetchableJku(jku: string, mode: 'development' | 'sandbox' | 'production'): boolean {
  if (!URL.canParse(jku)) return false;
  const { protocol, hostname, username, password } = new URL(jku);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && mode !== 'production' && LOOPBACK_HOSTS.has(hostname));
}
