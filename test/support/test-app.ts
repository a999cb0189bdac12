import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { createApp, type AppDeps } from '../../src/app.js';
import { createLogger, type Log } from '../../src/logging/logger.js';
import { cdsTestClient, type CdsTestClient } from './cds-client.js';
import { testCatalogue } from './catalogue.js';

const testModelCard = {
  model: { id: 'test', version: '0.0.1', title: 'Test model', sha256: '0'.repeat(64) },
  outcome: 'death within 7 days',
  notice: 'For tests.',
  rule: 'none',
  attributes: Array.from({ length: 31 }, (_, at) => ({
    number: at + 1,
    category: 'Details',
    name: `Attribute ${at + 1}`,
    value: 'not evaluated',
    isEvaluated: false,
  })),
};

export interface TestApp {
  readonly client: CdsTestClient;
  /** Log lines so far, parsed. */
  lines(): readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

/** A stream that keeps what is written to it. */
export function recordingStream(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}

/** A strict log (a field that is not allowed throws) and what was written to it. */
export function recordingLog(): { readonly log: Log; readonly text: () => string } {
  const { stream, text } = recordingStream();
  return { log: createLogger({ logLevel: 'debug', destination: stream, isStrict: true }), text };
}

/** Log lines of a text, parsed. */
export function parseLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** An app that takes every call for one client and answers it without a card. */
export function quietAppDeps(log: Log): AppDeps {
  return {
    catalogue: testCatalogue,
    verifyClientJwt: () => Promise.resolve({ id: 'test' }),
    assessOrder: () => Promise.resolve({ cards: [] }),
    maxBodyBytes: 20 * 1024 * 1024,
    checksResponses: true,
    corsOrigins: [],
    isReady: () => true,
    metricsReaders: 'everyone',
    modelCard: () => testModelCard,
    log,
  };
}

/** The HTTP service on a free port of 127.0.0.1, with `deps` in place of the quiet defaults. */
export async function startTestApp(deps: Partial<AppDeps> = {}): Promise<TestApp> {
  const { log, text } = recordingLog();
  const app = createApp({ ...quietAppDeps(log), ...deps });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    client: cdsTestClient(`http://127.0.0.1:${port}`),
    lines: () => parseLines(text()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
