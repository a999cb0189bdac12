import type { Response } from 'express';

/** Sends `body` (JSON text, or a value to be written as JSON) with a status; nothing is cached or sniffed on the way. */
export function sendJson(response: Response, status: number, body: object | Buffer): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', bytes.length);
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}
