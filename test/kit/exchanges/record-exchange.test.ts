import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { parseHookRequest } from '../../../src/cds-hooks/parse-hook-request.js';
import { prefetchTemplates } from '../../../src/cds-hooks/prefetch-template.js';
import { parseCommandArguments, type Command } from '../../../src/commands/command.js';
import { kitFireCommand } from '../../../src/commands/kit-fire.js';
import { kitKeyCommand } from '../../../src/commands/kit-key.js';
import { ageAt } from '../../../src/kit/exchanges/move-times.js';
import { readExchange } from '../../../src/kit/exchanges/read-exchange.js';
import type { RecordedExchange } from '../../../src/kit/exchanges/exchange.js';
import { valuesAt } from '../../../src/sandbox/resource-json.js';
import { startSandbox, type Sandbox } from '../../../src/sandbox/start-sandbox.js';
import { startStubCdsService, type StubCdsService } from '../fire/stub-cds-service.js';
import { recordingTerminal } from '../recording-terminal.js';
import { canaries, canaryChart, CANARY_ENCOUNTER, CANARY_PATIENT, CANARY_TOKEN, CANARY_USER } from './canary-chart.js';

const NOW = Date.now();
let folder: string;
let sandbox: Sandbox;
let service: StubCdsService;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kit-record-'));
  sandbox = await startSandbox({ resources: canaryChart(NOW), requireToken: CANARY_TOKEN });
  await writeFile(join(folder, 'token'), CANARY_TOKEN);
  await run(kitKeyCommand(), ['--out', join(folder, 'key.jwk')]);
});
afterEach(() => service.close());
afterAll(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

async function run(command: Command, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { terminal, out, err } = recordingTerminal();
  const code = await command.run(parseCommandArguments(command, args), terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** A service that repeats in its card whatever it was sent: the worst one to record. */
async function record(...more: readonly string[]): Promise<{ text: string; exchange: RecordedExchange; err: string }> {
  service = await startStubCdsService({
    discovery: {
      body: { services: [{ hook: 'order-sign', id: 'echo', prefetch: Object.fromEntries(prefetchTemplates()) }] },
    },
    answer: ({ text }) => {
      const body = JSON.parse(text) as { context: unknown; prefetch?: { patient?: unknown } };
      const card = { summary: 's', indicator: 'info', source: { label: 'l' }, detail: JSON.stringify(body) };
      const links = [
        { label: 'more', type: 'smart', url: 'https://app/launch?token=LinkToken', appContext: 'Context' },
      ];
      return { body: { cards: [{ ...card, uuid: crypto.randomUUID(), links, extension: { echo: body } }] } };
    },
  });
  const file = join(folder, 'a-new-folder', `recorded-${(files += 1)}.json`);
  const ran = await run(kitFireCommand(), [
    ...['--service', service.url, '--fhir', sandbox.baseUrl, '--patient', CANARY_PATIENT, '--product', 'rbc'],
    ...['--user', CANARY_USER, '--token-file', join(folder, 'token'), '--record', file],
    ...['--sign', '--key', join(folder, 'key.jwk'), '--issuer', 'https://ehr.example.org'],
    ...more,
  ]);
  expect(ran.code).toBe(0);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  return { text: await readFile(file, 'utf8'), exchange: await readExchange(file), err: ran.err };
}

function found(text: string, words: readonly string[]): readonly string[] {
  return words.filter((word) => text.includes(word));
}

function resourcesOf(bundle: unknown): readonly unknown[] {
  return valuesAt(bundle, 'entry.resource');
}

describe('a recorded exchange, by default', () => {
  test('holds no name, identifier, id, note, comment or token of the chart, even if the service repeats all it is sent', async () => {
    const { text, exchange } = await record();
    // The canaries were there to be found.
    expect(found(service.calls[0]?.text ?? '', canaries()).length).toBeGreaterThan(60);
    expect(found(text, canaries())).toEqual([]);
    expect(
      found(text, ['LinkToken', 'Context"', 'Bearer', sandbox.baseUrl, 'Authorization', 'fhirAuthorization']),
    ).toEqual([]);
    for (const { headers } of service.calls) expect(text).not.toContain(headers.authorization?.slice(7));
    expect(exchange).toMatchObject({
      identities: 'removed',
      notes: 'removed',
      sent: { hadFhirToken: true, wasSigned: true },
    });
  });

  test('keeps codes, values, sex, structure and consistent references, and is a request that the service accepts', async () => {
    const { exchange } = await record();
    const { request } = exchange;
    expect(() => parseHookRequest(request)).not.toThrow();
    const { patientId, encounterId, userId } = request.context;
    expect(userId).toMatch(/^Practitioner\/x[0-9a-f]{20}$/);
    const prefetch = request.prefetch ?? {};
    expect(prefetch['patient']).toMatchObject({ resourceType: 'Patient', id: patientId, gender: 'female' });
    expect(resourcesOf(prefetch['encounters'])[0]).toMatchObject({ id: encounterId, class: { code: 'IMP' } });
    const labs = resourcesOf(prefetch['labs']);
    expect(labs).toHaveLength(3);
    for (const lab of labs) {
      expect(lab).toMatchObject({
        subject: { reference: `Patient/${patientId}` },
        encounter: { reference: `Encounter/${String(encounterId)}` },
      });
    }
    expect(labs.find((lab) => JSON.stringify(lab).includes('718-7'))).toMatchObject({
      valueQuantity: { value: 6.5, code: 'g/dL' },
    });
    expect(labs.find((lab) => JSON.stringify(lab).includes('32693-4'))).toMatchObject({ valueString: '7.1 says …' });
    expect(labs.find((lab) => JSON.stringify(lab).includes('2160-0'))).not.toHaveProperty('valueString');
  });

  test('moves every time by the same whole days, so that all distances stay; a second file has other days and pseudonyms', async () => {
    const first = await record();
    const sent = JSON.parse(service.calls[0]?.text ?? '') as RecordedExchange['request'];
    await service.close();
    const second = await record();
    const timesOf = (request: RecordedExchange['request']): number[] =>
      [
        ...JSON.stringify(request).matchAll(
          /"(?:effectiveDateTime|issued|authoredOn|start|date)":"(\d{4}-\d{2}-\d{2}T[^"]+)"/g,
        ),
      ].map(([, time = '']) => Date.parse(time));
    const offsets = timesOf(first.exchange.request).map((time, index) => time - (timesOf(sent)[index] ?? NaN));
    expect(offsets.length).toBeGreaterThan(10);
    expect(new Set(offsets).size).toBe(1);
    expect(offsets[0]).toBeLessThanOrEqual(-366 * 86_400_000);
    expect((offsets[0] ?? NaN) % 86_400_000).toBe(-0);
    expect(second.exchange.sentAt.slice(0, 10)).not.toBe(first.exchange.sentAt.slice(0, 10));
    expect(second.exchange.request.context.patientId).not.toBe(first.exchange.request.context.patientId);
  });

  test('an age over 89 becomes 90, in the birth date and where it is a value', async () => {
    const { exchange, text } = await record();
    const patient = exchange.request.prefetch?.['patient'] as { birthDate: string };
    expect(ageAt(patient.birthDate, Date.parse(exchange.sentAt))).toBe(90);
    expect(text).not.toMatch(/"value": 94\b/);
  });

  test('the second call named no FHIR server and no token, at the time of the first', async () => {
    const { exchange } = await record();
    expect(service.calls).toHaveLength(2);
    const second = JSON.parse(service.calls[1]?.text ?? '') as Record<string, unknown>;
    expect(second).not.toHaveProperty('fhirServer');
    expect(second).not.toHaveProperty('fhirAuthorization');
    const authoredOf = (body: unknown): string => /"authoredOn":"([^"]+)"/.exec(JSON.stringify(body))?.[1] ?? '';
    expect(authoredOf(second)).toBe(authoredOf(JSON.parse(service.calls[0]?.text ?? '')));
    expect(exchange.answers.original).not.toHaveProperty('response');
    expect(exchange.answers.alone).toHaveProperty('response.cards');
  });
});

describe('a recorded exchange, when asked for more', () => {
  test('--keep-notes keeps the texts of notes, and still none of the rest', async () => {
    const { text, exchange } = await record('--keep-notes');
    expect(exchange.notes).toBe('kept');
    const kept = found(text, canaries());
    expect(kept).toHaveLength(1);
    expect(Buffer.from(kept[0] ?? '', 'base64').toString()).toMatch(/^NoteCanary/);
  });

  test('--keep-identities keeps all but tokens and the address of the FHIR server', async () => {
    const { text, exchange, err } = await record('--keep-identities');
    expect(exchange.identities).toBe('kept');
    expect(err).toContain('for synthetic patients only');
    expect(exchange.request.context).toMatchObject({ patientId: CANARY_PATIENT, encounterId: CANARY_ENCOUNTER });
    expect(text).not.toContain(CANARY_TOKEN);
    expect(text).not.toContain(sandbox.baseUrl);
  });

  test('bad call: a file that is there is refused before anything is sent', async () => {
    service = await startStubCdsService();
    const file = join(folder, 'there.json');
    await writeFile(file, 'mine');
    const options = ['--service', service.url, '--fhir', sandbox.baseUrl, '--patient', 'x', '--product', 'rbc'];
    await expect(run(kitFireCommand(), [...options, '--record', file])).rejects.toThrow(/is there already/);
    expect(service.discoveries).toHaveLength(0);
    expect(await readFile(file, 'utf8')).toBe('mine');
  });
});
