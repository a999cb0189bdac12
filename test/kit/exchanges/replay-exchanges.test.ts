import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseCommandArguments, UsageError, type Command } from '../../../src/commands/command.js';
import { kitFireCommand } from '../../../src/commands/kit-fire.js';
import { kitReplayCommand } from '../../../src/commands/kit-replay.js';
import { loadConfig } from '../../../src/config/config.js';
import { cdsConnection } from '../../../src/kit/fire/cds-connection.js';
import { replayExchanges } from '../../../src/kit/exchanges/replay-exchanges.js';
import { loadFixtures } from '../../../src/sandbox/load-resources.js';
import { startSandbox, type Sandbox } from '../../../src/sandbox/start-sandbox.js';
import { startService, type RunningService } from '../../../src/server.js';
import { startStubCdsService } from '../fire/stub-cds-service.js';
import { recordingTerminal } from '../recording-terminal.js';

const PATIENTS = ['syn-bleeding', 'syn-stable', 'syn-child'];
let folder: string;
let recorded: string;
let sandbox: Sandbox;
let service: RunningService;
let clockMs: (() => number) | undefined;

async function run(command: Command, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { terminal, out, err } = recordingTerminal();
  const code = await command.run(parseCommandArguments(command, args), terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const replay = (...args: readonly string[]): ReturnType<typeof run> => run(kitReplayCommand(), args);

function start(overrides: Parameters<typeof loadConfig>[1] = {}): Promise<RunningService> {
  return startService(
    loadConfig(
      {},
      {
        mode: 'sandbox',
        port: 0,
        store: 'memory',
        logLevel: 'silent',
        openFhirServerAllowed: true,
        deadlineMs: 10_000,
        perCallTimeoutMs: 10_000,
        noteEncodingMs: 60_000,
        ...overrides,
      },
    ),
    { clock: () => clockMs?.() ?? Date.now() },
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kit-replay-'));
  recorded = join(folder, 'recorded');
  await mkdir(recorded);
  const situations = await loadFixtures('fhir-fixtures', Date.now());
  sandbox = await startSandbox({ resources: situations.flatMap(({ resources }) => resources) });
  service = await start();
  const known = situations.map(
    ({ hookRequest }) => (hookRequest as { context: { patientId: string } }).context.patientId,
  );
  for (const patient of PATIENTS.map((wanted) => known.find((id) => id.startsWith(wanted)) ?? wanted)) {
    const file = join(recorded, `${patient}.json`);
    const fired = await run(kitFireCommand(), [
      ...[
        '--service',
        service.url,
        '--fhir',
        sandbox.baseUrl,
        '--patient',
        patient,
        '--product',
        'rbc',
        '--record',
        file,
      ],
    ]);
    expect(fired.code).toBe(0);
  }
});
afterAll(async () => {
  await service.close();
  await sandbox.close();
  await rm(folder, { recursive: true });
});

describe('replaying recorded exchanges', () => {
  test('against the same service nothing changes, and the code is 0', async () => {
    const { code, out } = await replay(recorded, '--service', service.url);
    expect(out).toContain('3 exchanges: 3 unchanged, 0 changed, 0 failed');
    expect(out).toMatch(/syn-bleeding\.json +unchanged +200 +very-high \d+\.\d %/);
    expect(code).toBe(0);
  });

  test.each([
    ['40 seconds later', 40_000],
    ['13 h 47 min later, over midnight', 13 * 3_600_000 + 47 * 60_000],
    ['most of a year later, over a leap day or not', 300 * 86_400_000 + 5 * 3_600_000],
    ['years later', 4000 * 86_400_000 + 61_000],
  ])('%s nothing changes either: every age of the data is what it was', async (_title, laterMs) => {
    clockMs = () => Date.now() + laterMs;
    try {
      const files = [join(recorded, 'syn-bleeding.json')];
      const connection = cdsConnection({ baseUrl: service.url });
      const report = await replayExchanges(files, { connection, clock: clockMs });
      expect(report).toMatchObject({ kind: 'report', unchanged: 1, exchanges: [{ differences: [] }] });
    } finally {
      clockMs = undefined;
    }
  });

  test('against a service that is set up otherwise the change is shown, and the code is 1', async () => {
    const silent = await start({ silentBelowTier: 'very-high', criticalAllowed: true });
    try {
      const { code, out } = await replay(recorded, '--service', silent.url);
      expect(code).toBe(1);
      expect(out).toContain('indicator: warning  →  critical');
      expect(out).toMatch(/syn-stable[\w-]*\.json +1 change +200 +\w+ \d+\.\d % → no card/);
      expect(out).toContain('cards: 1 card  →  no card');
      const json = await replay(recorded, '--service', silent.url, '--json');
      expect(JSON.parse(json.out)).toMatchObject({ kind: 'report', changed: 2, unchanged: 1, failed: 0 });
    } finally {
      await silent.close();
    }
  });

  test('an exchange with partial prefetch is compared alone, and reported as such', async () => {
    const file = join(folder, 'partial.json');
    const base = ['--service', service.url, '--fhir', sandbox.baseUrl, '--patient', 'syn-bleeding', '--product', 'rbc'];
    const fired = await run(kitFireCommand(), [...base, '--prefetch', 'partial', '--record', file]);
    expect(fired.err).toContain('missing now: + administrations: no-access');
    const before = sandbox.requests.length;
    const { code, out } = await replay(file, '--service', service.url);
    expect(code).toBe(0);
    expect(out).toContain('note: recorded with partial prefetch (4 of 9 keys)');
    expect(sandbox.requests.length).toBe(before);
  });

  test('--fhir names the server: with identities kept, the answer that had one is compared', async () => {
    const file = join(folder, 'synthetic.json');
    const base = ['--service', service.url, '--fhir', sandbox.baseUrl, '--patient', 'syn-bleeding', '--product', 'rbc'];
    await run(kitFireCommand(), [...base, '--prefetch', 'partial', '--record', file, '--keep-identities']);
    const { code, out } = await replay(file, '--service', service.url, '--fhir', sandbox.baseUrl);
    expect(out).toContain('1 unchanged');
    expect(code).toBe(0);
    const without = await replay(
      join(recorded, 'syn-bleeding.json'),
      '--service',
      service.url,
      '--fhir',
      sandbox.baseUrl,
    );
    expect(without.out).toContain('recorded without the answer that had a FHIR server');
  });
});

describe('bad call: replay says which file is wrong and how', () => {
  test('damaged, empty, foreign and future files fail each by themselves; the good one is replayed', async () => {
    const mixed = join(folder, 'mixed');
    await mkdir(mixed);
    await cp(join(recorded, 'syn-bleeding.json'), join(mixed, 'good.json'));
    const text = await readFile(join(recorded, 'syn-bleeding.json'), 'utf8');
    const changed = (change: (exchange: Record<string, never>) => unknown): string =>
      JSON.stringify(change(JSON.parse(text) as Record<string, never>));
    await writeFile(join(mixed, 'cut.json'), text.slice(0, 2000));
    await writeFile(join(mixed, 'empty.json'), '');
    await writeFile(join(mixed, 'other.json'), '{"resourceType":"Bundle"}');
    await writeFile(
      join(mixed, 'future.json'),
      changed((exchange) => ({ ...exchange, formatVersion: 2 })),
    );
    await writeFile(
      join(mixed, 'hole.json'),
      changed((exchange) => ({ ...exchange, answers: undefined })),
    );
    await writeFile(
      join(mixed, 'wrong.json'),
      changed((exchange) => ({ ...exchange, identities: 'maybe' })),
    );
    await writeFile(
      join(mixed, 'time.json'),
      changed((exchange) => ({ ...exchange, sentAt: 'yesterday' })),
    );
    const { code, out } = await replay(mixed, '--service', service.url);
    expect(code).toBe(1);
    expect(out).toContain('8 exchanges: 1 unchanged, 0 changed, 7 failed');
    for (const words of [
      'cut.json is not JSON: it is damaged, or cut short',
      'empty.json is empty',
      'other.json is JSON, but no recorded exchange',
      'future.json has format version 2; this hemolens reads 1',
      'hole.json is damaged: answers is missing',
      'wrong.json is damaged: identities is none of removed, kept',
      'time.json is damaged: sentAt is not a moment in UTC',
    ])
      expect(out).toContain(words);
  });

  test('an empty folder, a place that is not there, and no place', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(replay(empty, '--service', service.url)).rejects.toThrow(
      /holds no recorded exchanges.+kit fire --record/,
    );
    await expect(replay(join(folder, 'nowhere'), '--service', service.url)).rejects.toThrow(/nowhere is not there/);
    await expect(replay('--service', service.url)).rejects.toThrow(UsageError);
  });

  test('fault: a service that is down, and one without order-sign', async () => {
    const stub = await startStubCdsService({ discovery: { body: { services: [] } } });
    const none = await replay(recorded, '--service', stub.url);
    expect(none).toMatchObject({ code: 1, out: '' });
    expect(none.err).toContain('no services at all');
    await stub.close();
    const down = await replay(recorded, '--service', stub.url);
    expect(down).toMatchObject({ code: 1, out: '' });
    expect(down.err).toContain('connection refused');
  });
});
