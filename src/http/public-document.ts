import { createHash } from 'node:crypto';
import type { Response } from 'express';

/** A document that is the same for everyone until the service starts anew. */
export interface PublicDocument {
  readonly body: Buffer;
  readonly contentType: string;
  /** Quoted, of the body's hash. */
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `text` as a document with its ETag; `headers` go with it. */
export function publicDocument(
  text: string,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): PublicDocument {
  const body = Buffer.from(text);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { body, contentType, etag, headers };
}

/** Sends a document, or 304 to a caller that has it. A cache may keep it and asks each time whether it is still the same. */
export function sendDocument(response: Response, { body, contentType, etag, headers }: PublicDocument): void {
  const { req: request } = response;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', etag);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (hasIt(request.headers['if-none-match'], etag)) {
    response.removeHeader('Content-Type');
    response.statusCode = 304;
    response.end();
    return;
  }
  response.statusCode = 200;
  response.setHeader('Content-Length', body.length);
  response.end(request.method === 'HEAD' ? undefined : body);
}

function hasIt(header: string | undefined, etag: string): boolean {
  const named = (header ?? '').split(',').map((part) => part.trim().replace(/^W\//, ''));
  return named.includes(etag) || named.includes('*');
}
