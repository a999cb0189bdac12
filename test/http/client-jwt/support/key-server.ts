import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type KeyAnswer = (request: IncomingMessage, response: ServerResponse) => void;

export interface KeyServer {
  /** Address of a key set. */
  readonly jku: string;
  readonly origin: string;
  /** Paths asked for so far. */
  readonly asked: readonly string[];
  /** Answers so from now on. */
  answers(how: KeyAnswer | { readonly keys: readonly unknown[] }): void;
  close(): Promise<void>;
}

/** A client's server with its key set; counts every request, whatever it is for. */
export async function startKeyServer(keys: readonly unknown[]): Promise<KeyServer> {
  const asked: string[] = [];
  const withKeys = (set: object): KeyAnswer => {
    return (_request, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(set));
    };
  };
  let answer = withKeys({ keys });
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const origin = `http://127.0.0.1:${port}`;
  return {
    jku: `${origin}/jwks.json`,
    origin,
    asked,
    answers: (how) => {
      answer = typeof how === 'function' ? how : withKeys(how);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
