const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Can only this machine reach a service that listens there? */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}
