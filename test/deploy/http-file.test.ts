import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { loadFixtures } from '../../src/sandbox/load-resources.js';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { startService, type RunningService } from '../../src/server.js';
import { parseHttpFile, type HttpFileRequest } from './http-file.js';

const FILE = readFileSync('deploy/hemolens.http', 'utf8');
const options = { variables: {}, nowMs: Date.now(), newId: randomUUID };

let service: RunningService;
let sandbox: Sandbox;

beforeAll(async () => {
  const situations = await loadFixtures('fhir-fixtures', Date.now());
  sandbox = await startSandbox({ resources: situations.flatMap(({ resources }) => resources) });
  // As `hemolens serve` starts it, but for the port and the patience of a busy test machine.
  service = await startService(
    loadConfig({}, { port: 0, store: 'memory', logLevel: 'silent', deadlineMs: 10_000, perCallTimeoutMs: 10_000 }),
  );
});
afterAll(async () => {
  await service.close();
  await sandbox.close();
});

describe('deploy/hemolens.http', () => {
  const requests = parseHttpFile(FILE, options);

  test.each(requests.map(({ title }, index) => ({ title, index })))('$title', async ({ index }) => {
    const variables = { service: service.url, fhir: sandbox.baseUrl };
    const { method, url, headers, body, expects } = parseHttpFile(FILE, { ...options, variables })[
      index
    ] as HttpFileRequest;
    const answer = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
    const json: unknown = await answer.json();
    expect(answer.status).toBe(expects.status);
    if (expects.cards !== undefined) expect(cardsOf(json)).toHaveLength(expects.cards);
    if (expects.status >= 400) expect(json).toMatchObject({ resourceType: 'OperationOutcome' });
  });

  test('has a request for health, discovery, a scored order and one that is no blood product', () => {
    expect(requests.map(({ url }) => new URL(url).pathname)).toEqual(
      expect.arrayContaining(['/readyz', '/cds-services']),
    );
    expect(requests.map(({ expects }) => expects.cards)).toEqual(expect.arrayContaining([0, 1]));
  });

  test('names the ports that serve and sandbox listen on by default', () => {
    expect(FILE).toContain(`@service = http://127.0.0.1:${loadConfig({}).port}\n`);
    expect(FILE).toContain('@fhir = http://127.0.0.1:8080/fhir\n');
  });
});

describe('a .http file', () => {
  test('is refused where a request does not say what it expects, or uses a name that is not given', () => {
    expect(() => parseHttpFile('### One\nGET http://127.0.0.1/\n', options)).toThrow("One: no '# expects' line");
    expect(() => parseHttpFile('### One\n# expects 200\nGET {{there}}/\n', options)).toThrow('{{there}}');
  });

  test('has times relative to now', () => {
    const text = '### One\n# expects 200\nPOST http://127.0.0.1/\n\n{{$datetime iso8601 -2 h}}';
    const [one] = parseHttpFile(text, { ...options, nowMs: Date.UTC(2026, 0, 1, 12) });
    expect(one).toMatchObject({ title: 'One', method: 'POST', body: '2026-01-01T10:00:00.000Z' });
  });
});

function cardsOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'cards' in json ? json.cards : undefined;
}
