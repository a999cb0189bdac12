import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FhirResource } from 'fhir/r4.js';
import { parseCommandArguments, UsageError, type Command } from '../../../src/commands/command.js';
import { kitLoadCommand } from '../../../src/commands/kit-load.js';
import { kitUnloadCommand } from '../../../src/commands/kit-unload.js';
import { inDeletionOrder } from '../../../src/kit/load/deletion-order.js';
import { loadIntoFhirServer, type LoadOptions } from '../../../src/kit/load/load-into-fhir-server.js';
import { derivedId, KIT_TAG } from '../../../src/kit/load/load-tag.js';
import { unloadFromFhirServer } from '../../../src/kit/load/unload-from-fhir-server.js';
import { loadFixture } from '../../../src/sandbox/load-resources.js';
import { startSandbox, type Sandbox } from '../../../src/sandbox/start-sandbox.js';
import { recordingTerminal } from '../recording-terminal.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function emptySandbox(): Promise<Sandbox> {
  const sandbox = await startSandbox();
  closers.push(() => sandbox.close());
  return sandbox;
}

/** A server whose base answers transactions as told; its /metadata is an R4 server's. */
async function bundleServer(
  answer: (
    bundle: { readonly entry: readonly { readonly request: { readonly url: string } }[] },
    call: number,
  ) => {
    readonly status?: number;
    readonly body?: unknown;
    readonly headers?: Record<string, string>;
    readonly isCut?: boolean;
  },
): Promise<{ readonly fhirBase: string; readonly calls: () => number }> {
  let calls = 0;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/fhir/metadata') {
      response.end('{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}');
      return;
    }
    const bundle = (await json(request)) as Parameters<typeof answer>[0];
    calls += 1;
    const { status = 200, body = '', headers = {}, isCut = false } = answer(bundle, calls);
    if (isCut) request.socket.destroy();
    else response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { fhirBase: `http://127.0.0.1:${port}/fhir`, calls: () => calls };
}

function created(entries: number, statuses: Readonly<Record<number, object>> = {}): object {
  const entry = Array.from({ length: entries }, (_, at) => statuses[at] ?? { response: { status: '201 Created' } });
  return { resourceType: 'Bundle', type: 'transaction-response', entry };
}

function outcome(diagnostics: string): object {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'processing', diagnostics }] };
}

const PATIENT: FhirResource = { resourceType: 'Patient', id: 'p' };
function observations(n: number): FhirResource[] {
  return Array.from({ length: n }, (_, at) => ({
    resourceType: 'Observation',
    id: `o${at}`,
    status: 'final',
    code: { text: 'x' },
    subject: { reference: 'Patient/p' },
  }));
}

function load(
  fhirBase: string,
  resources: readonly FhirResource[],
  more: Partial<LoadOptions> = {},
): ReturnType<typeof loadIntoFhirServer> {
  return loadIntoFhirServer({ fhirBase, resources, tag: 't', connection: { wait: () => Promise.resolve() }, ...more });
}

describe('loading into a FHIR server', () => {
  test('a situation arrives as it is but for id, references and tags; a second load only updates', async () => {
    const sandbox = await emptySandbox();
    const { resources } = await loadFixture('fhir-fixtures/bleeding-and-unstable', Date.UTC(2026, 4, 1));
    const first = await load(sandbox.baseUrl, resources, { bundleSize: 50, concurrency: 3 });
    expect(first).toMatchObject({ outcome: 'complete', created: resources.length, updated: 0, danglingReferences: {} });
    expect(first.patients).toEqual([{ id: derivedId('t', 'Patient', 'syn-bleeding'), sourceId: 'syn-bleeding' }]);
    const second = await load(sandbox.baseUrl, resources);
    expect(second).toMatchObject({ outcome: 'complete', created: 0, updated: resources.length });
    for (const resource of resources) {
      const id = derivedId('t', resource.resourceType, resource.id ?? '');
      const stored: unknown = JSON.parse(sandbox.store.get(resource.resourceType, id)?.json ?? 'null');
      const text = JSON.stringify(resource).replace(
        /"reference":"(\w+)\/([^"]+)"/g,
        (_, type: string, own: string) => `"reference":"${type}/${derivedId('t', type, own)}"`,
      );
      expect(stored).toEqual({
        ...(JSON.parse(text) as object),
        id,
        meta: expect.objectContaining({ tag: expect.arrayContaining([KIT_TAG]) }),
      });
    }
  });

  test('what is referred to goes first, however the list is ordered, and circles stay in one Bundle', async () => {
    const bundles: string[][] = [];
    const { fhirBase } = await bundleServer(({ entry }) => {
      bundles.push(entry.map(({ request }) => request.url));
      return { body: created(entry.length) };
    });
    const circle: FhirResource[] = [
      {
        resourceType: 'Condition',
        id: 'c',
        subject: { reference: 'Patient/p' },
        encounter: { reference: 'Encounter/e' },
      },
      {
        resourceType: 'Encounter',
        id: 'e',
        status: 'finished',
        class: {},
        diagnosis: [{ condition: { reference: 'Condition/c' } }],
      },
    ];
    await load(fhirBase, [...observations(5), ...circle, PATIENT], { bundleSize: 2 });
    const flat = bundles.flat().map((url) => url.replace(/h\w{6}-/, ''));
    expect(flat).toHaveLength(8);
    expect(flat[0]).toBe('Patient/p');
    expect(bundles.some((urls) => urls.length === 2 && urls.every((url) => /\/h\w{6}-[ce]$/.test(url)))).toBe(true);
  });

  test('ids are legal, stable, of their load, and never only digits; a long or illegal one is hashed', () => {
    for (const id of ['1', 'a'.repeat(64), 'with_underscore', 'urn:uuid:1']) {
      expect(derivedId('t', 'Patient', id)).toMatch(/^[A-Za-z][A-Za-z0-9\-.]{0,63}$/);
      expect(derivedId('t', 'Patient', id)).toBe(derivedId('t', 'Patient', id));
      expect(derivedId('t', 'Patient', id)).not.toBe(derivedId('u', 'Patient', id));
    }
  });

  test('an attachment kept as a Binary of the load is found under its new id', async () => {
    const sandbox = await emptySandbox();
    await load(sandbox.baseUrl, [
      PATIENT,
      {
        resourceType: 'DocumentReference',
        id: 'd',
        status: 'current',
        subject: { reference: 'Patient/p' },
        content: [{ attachment: { url: 'Binary/b', contentType: 'text/plain' } }],
      },
      { resourceType: 'Binary', id: 'b', contentType: 'text/plain', data: 'eA==' },
    ]);
    expect(sandbox.store.get('DocumentReference', derivedId('t', 'DocumentReference', 'd'))?.json).toContain(
      `"url":"Binary/${derivedId('t', 'Binary', 'b')}"`,
    );
  });

  test('bad call: two different resources of one id are refused; the same one twice is loaded once', async () => {
    const sandbox = await emptySandbox();
    expect(await load(sandbox.baseUrl, [PATIENT, { ...PATIENT }])).toMatchObject({ created: 1 });
    await expect(load(sandbox.baseUrl, [PATIENT, { ...PATIENT, active: true }])).rejects.toThrow(/two different/);
  });

  test('a Bundle that lost against another transaction, or met a rate limit, is sent again', async () => {
    const refusals = [
      { status: 409, body: outcome('conflict') },
      { status: 429, headers: { 'retry-after': '1' } },
      { status: 500, body: outcome('Deadlock found when trying to get lock') },
    ];
    const { fhirBase } = await bundleServer(({ entry }, call) => refusals[call - 1] ?? { body: created(entry.length) });
    expect(await load(fhirBase, [PATIENT])).toMatchObject({ outcome: 'complete', created: 1, retries: 3 });
  });

  test('a Bundle that is too large is halved', async () => {
    const { fhirBase } = await bundleServer(({ entry }) =>
      entry.length > 3 ? { status: 413 } : { body: created(entry.length) },
    );
    expect(await load(fhirBase, [PATIENT, ...observations(9)])).toMatchObject({ outcome: 'complete', created: 10 });
  });

  test('fault: a server that dies in the middle leaves a report of what went in', async () => {
    const { fhirBase } = await bundleServer(({ entry }, call) =>
      call > 2 ? { isCut: true } : { body: created(entry.length) },
    );
    const report = await load(fhirBase, [PATIENT, ...observations(49)], { bundleSize: 10, concurrency: 1 });
    expect(report).toMatchObject({
      outcome: 'incomplete',
      resources: 50,
      created: 20,
      problem: { kind: 'unreachable', reason: 'cut' },
    });
    expect(report.ids).toHaveLength(20);
  });

  test('fault: an entry that failed inside a transaction that succeeded is reported, and the rest counted', async () => {
    const { fhirBase } = await bundleServer(({ entry }) => ({
      body: created(entry.length, {
        1: { response: { status: '422 Unprocessable', outcome: outcome('no code') } },
        2: { response: { status: '201 Created', outcome: outcome('not stored') } },
      }),
    }));
    const report = await load(fhirBase, [PATIENT, ...observations(3)]);
    expect(report).toMatchObject({ outcome: 'incomplete', created: 2, failed: 2 });
    expect(report.failures.map(({ said }) => said)).toEqual(['no code', 'not stored']);
  });

  test.each([
    ['an answer with fewer entries', { body: created(1) }, 'entries'],
    ['an OperationOutcome under 200', { body: outcome('stored nothing') }, 'stored nothing'],
  ])('fault: %s is no success', async (_, answer, says) => {
    const { fhirBase } = await bundleServer(() => answer);
    const { problem, created: n } = await load(fhirBase, [PATIENT, ...observations(1)]);
    expect(n).toBe(0);
    expect(problem).toMatchObject({ kind: 'write-refused', said: expect.stringContaining(says) });
  });
});

function run(command: Command, line: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { terminal, out, err } = recordingTerminal();
  return command
    .run(parseCommandArguments(command, line), terminal)
    .then((code) => ({ code, out: out.join('\n'), err: err.join('\n') }));
}

describe('kit load and kit unload', () => {
  test('load a situation, say its patient, and take it away again, by tag and by manifest', async () => {
    const sandbox = await emptySandbox();
    const folder = await mkdtemp(join(tmpdir(), 'kit-load-'));
    closers.push(() => rm(folder, { recursive: true }));
    const manifest = join(folder, 'manifest.json');
    const own: FhirResource = { resourceType: 'Patient', id: 'of-the-site' };
    sandbox.store.load([own]);
    const fhir = ['--fhir', `${sandbox.baseUrl}/`];
    const loaded = await run(kitLoadCommand(), [
      ...fhir,
      '--situation',
      'stable-anaemia',
      '--manifest',
      manifest,
      '--json',
    ]);
    expect(loaded).toMatchObject({ code: 0 });
    expect(loaded.out).toContain(`${derivedId('situations', 'Patient', 'syn-stable')}  stable-anaemia`);
    expect(await run(kitUnloadCommand(), [...fhir, '--tag', 'another'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('0 of 0'),
    });
    expect(await run(kitUnloadCommand(), [...fhir, '--tag', 'situations'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('67 of 67'),
    });
    await run(kitLoadCommand(), [...fhir, '--situation', 'stable-anaemia', '--manifest', manifest]);
    expect(await run(kitUnloadCommand(), [...fhir, '--manifest', manifest])).toMatchObject({ code: 0 });
    expect([...sandbox.store.rows('Patient')].map(({ id }) => id)).toEqual(['of-the-site']);
    expect([...sandbox.store.rows('Observation')]).toEqual([]);
  });

  test('fault: what others still refer to stays, is named, and the exit code says so', async () => {
    const sandbox = await emptySandbox();
    const { patients } = await load(sandbox.baseUrl, [PATIENT, ...observations(2)]);
    const id = patients[0]?.id ?? '';
    sandbox.store.load([
      { resourceType: 'Procedure', id: 'of-the-site', status: 'completed', subject: { reference: `Patient/${id}` } },
    ]);
    const { code, err, out } = await run(kitUnloadCommand(), ['--fhir', sandbox.baseUrl]);
    expect(code).toBe(1);
    expect(out).toContain('2 of 3');
    expect(err).toContain(`not deleted: Patient/${id}: 409`);
  });

  test('deletes what refers to others first, however it is listed, trying again as long as something goes', async () => {
    expect(inDeletionOrder(['Patient/p', 'Encounter/e', 'Encounter/part-of-e', 'Observation/o'])).toEqual([
      'Observation/o',
      'Encounter/part-of-e',
      'Encounter/e',
      'Patient/p',
    ]);
    const sandbox = await emptySandbox();
    const { ids } = await load(sandbox.baseUrl, [PATIENT, ...observations(3)]);
    const report = await unloadFromFhirServer({ fhirBase: sandbox.baseUrl, references: ids });
    expect(report).toEqual({ outcome: 'complete', deleted: 4, alreadyGone: 0, kept: [] });
  });

  test.each([
    [403, /read-only for this client/],
    [405, /read-only, or takes no transaction/],
    [422, /If it says so of everything it is read-only/],
  ])(
    'fault: a read-only server that answers %s is told, with what went in and that it can be run again',
    async (status, says) => {
      const { fhirBase } = await bundleServer(() => ({ status, body: '<html><title>no writes here</title>' }));
      const { code, err } = await run(kitLoadCommand(), ['--fhir', fhirBase, '--situation', 'nothing-to-score']);
      expect(code).toBe(1);
      expect(err).toMatch(says);
      expect(err).toContain('"no writes here"');
      expect(err).toContain('0 of 5 resources went in. The same command again continues');
    },
  );

  test('fault: a server that is none ends each command with 1 and words', async () => {
    for (const command of [kitLoadCommand(), kitUnloadCommand()]) {
      const { code, err } = await run(command, ['--fhir', 'http://127.0.0.1:1/fhir']);
      expect(code).toBe(1);
      expect(err).toContain('connection refused');
    }
  });

  test.each([
    [['--situation', 'all'], /--fhir is required/],
    [['--fhir', 'localhost:8080'], /begins with http/],
    [['--fhir', 'http://h/', '--patients', '3'], /--patients goes with --mimic-iv/],
    [['--fhir', 'http://h/', '--mimic-iv', 'd', '--as-of', 'noon'], /--as-of noon/],
    [['--fhir', 'http://h/', '--mimic-iv', 'd', '--situation', 'all'], /not both/],
    [['--fhir', 'http://h/', '--tag', 'a b'], /--tag takes/],
    [['--fhir', 'http://h/', '--token-file', '/no/such/file'], /cannot be read/],
    [['--fhir', 'http://h/', '--ca', 'package.json'], /PEM/],
  ])('bad call: %j', async (line, says) => {
    const call = run(kitLoadCommand(), line);
    await expect(call).rejects.toThrow(says);
    await expect(call).rejects.toBeInstanceOf(UsageError);
  });

  test('bad call: a situation that is not there lists those that are, and a file that is no manifest is refused', async () => {
    const sandbox = await emptySandbox();
    await expect(run(kitLoadCommand(), ['--fhir', sandbox.baseUrl, '--situation', 'x'])).rejects.toThrow(
      /stable-anaemia/,
    );
    await expect(run(kitUnloadCommand(), ['--fhir', sandbox.baseUrl, '--manifest', 'package.json'])).rejects.toThrow(
      /no manifest/,
    );
  });
});
