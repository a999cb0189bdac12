import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export interface StubCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface StubCdsAnswer {
  readonly status?: number;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StubCdsService {
  readonly url: string;
  /** Hook calls, without discovery. */
  readonly calls: StubCall[];
  readonly discoveries: StubCall[];
  close(): Promise<void>;
}

export const RISK_ENTRY = {
  hook: 'order-sign',
  id: 'risk',
  description: 'risk',
  prefetch: {
    patient: 'Patient/{{context.patientId}}',
    labs: 'Observation?patient={{context.patientId}}&code=718-7&_sort=-date&_count=2',
    encounters: 'Encounter?patient={{context.patientId}}',
    conditions: 'Condition?patient={{context.patientId}}',
  },
};

/** A CDS service on 127.0.0.1 that says what it is told to. */
export async function startStubCdsService({
  discovery = { body: { services: [RISK_ENTRY] } },
  answer = () => ({ body: { cards: [] } }),
}: {
  readonly discovery?: StubCdsAnswer;
  readonly answer?: (call: StubCall) => StubCdsAnswer;
} = {}): Promise<StubCdsService> {
  const calls: StubCall[] = [];
  const discoveries: StubCall[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const call = { path: request.url ?? '', headers: request.headers, text: body };
      (request.method === 'GET' ? discoveries : calls).push(call);
      const told = request.method === 'GET' ? discovery : answer(call);
      const content = typeof told.body === 'string' ? told.body : JSON.stringify(told.body ?? {});
      response.writeHead(told.status ?? 200, { 'Content-Type': 'application/json', ...told.headers }).end(content);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    calls,
    discoveries,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
