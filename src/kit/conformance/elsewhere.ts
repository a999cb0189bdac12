import { createServer } from 'node:http';
import type { JWK } from 'jose';
import { listen } from './watched-fhir.js';

/** A server that nobody has allowed the service to ask: whoever comes here was led astray. */
export interface Elsewhere {
  readonly origin: string;
  readonly visits: readonly Visit[];
  /** Publishes a key at `/jwks.json`. */
  publish(key: JWK): void;
  close(): Promise<void>;
}

export interface Visit {
  readonly path: string;
  readonly hasToken: boolean;
}

/** Starts it on a free port of 127.0.0.1. */
export async function startElsewhere(): Promise<Elsewhere> {
  const visits: Visit[] = [];
  const keys: JWK[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    visits.push({ path, hasToken: request.headers.authorization !== undefined });
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(path.startsWith('/jwks') ? { keys } : { resourceType: 'Bundle', type: 'searchset' }));
  });
  const port = await listen(server, 0);
  return {
    origin: `http://127.0.0.1:${port}`,
    visits,
    publish: (key) => void keys.push(key),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
