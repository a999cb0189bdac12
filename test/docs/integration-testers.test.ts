import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NOT_SCORED_WORDS, REASON_WORDS } from '../../src/cards/card-words.js';
import type { Command } from '../../src/commands/command.js';
import { CONFIG_OPTIONS } from '../../src/config/config-options.js';
import { loadConfig } from '../../src/config/config.js';
import { openHttpServer } from '../../src/http/http-server.js';
import { derivedId } from '../../src/kit/load/load-tag.js';
import { startService, type RunningService } from '../../src/server.js';
import { cdsTestClient, issueOf, type Answer } from '../support/cds-client.js';
import { startFhirStub, type FhirStub } from '../support/fhir-stub.js';
import { fhirAuthorization, hookBody, hookContext, without } from '../support/hook-body.js';
import { hemolensCommands, hemolensLines, whatIsWrong } from './commands-in-text.js';

const FILE = 'docs/guides/integration-testers.md';
const GUIDE = readFileSync(FILE, 'utf8');
const ID = 'transfusion-mortality-risk';
const EMPTY = { resourceType: 'Bundle', type: 'searchset' };
const REPLACED = {
  resourceType: 'Patient',
  id: 'syn-1',
  link: [{ type: 'replaced-by', other: { reference: 'Patient/syn-2' } }],
};
const notStarted: typeof startService = () => Promise.reject(new Error('not for tests'));

let commands: readonly Command[];
beforeAll(async () => {
  commands = await hemolensCommands(notStarted);
});

describe('the commands of the guide', () => {
  test('exist, with the options they are given', () => {
    const lines = hemolensLines(GUIDE);
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.map((line) => whatIsWrong(line, commands)).filter((wrong) => wrong !== undefined)).toEqual([]);
  });

  test('bad call: a command or an option that does not exist would be found', () => {
    const [unknown, misspelt] = hemolensLines('```sh\nnpx hemolens kit lode\nnpx hemolens serve --prot 1\n```');
    expect(whatIsWrong(unknown ?? '', commands)).toContain('kit lode');
    expect(whatIsWrong(misspelt ?? '', commands)).toContain('--prot');
  });

  test('have the options that are named alone', () => {
    const known = new Set(commands.flatMap(({ options }) => Object.keys(options)));
    const named = [...GUIDE.matchAll(/`--([a-z-]+)[^`]*`/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !known.has(name) && name !== 'file' && name !== 'help')).toEqual([]);
  });

  test('name the patient that kit load makes', () => {
    expect(GUIDE).toContain(` --patient ${derivedId('situations', 'Patient', 'syn-bleeding')} `);
  });

  test('set variables that the configuration has, but for the misspelt one', () => {
    const known = new Set<string>([...CONFIG_OPTIONS.map(({ variable }) => variable), 'HEMOLENS_PROT']);
    expect([...GUIDE.matchAll(/HEMOLENS_[A-Z_]+/g)].map(([name]) => name).filter((name) => !known.has(name))).toEqual(
      [],
    );
  });
});

describe('what the guide points at', () => {
  test('is there', () => {
    const links = [...GUIDE.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => join(dirname(FILE), path));
    const files = [...GUIDE.matchAll(/deploy\/[\w.-]+/g)].map(([path]) => path);
    expect([...links, ...files].filter((path) => !existsSync(path))).toEqual([]);
    expect(links.length).toBeGreaterThan(2);
  });

  test('is all that the service prefetches', () => {
    const { services } = JSON.parse(readFileSync('cds-services.json', 'utf8')) as {
      services: { prefetch: Record<string, string> }[];
    };
    const keys = Object.keys(services[0]?.prefetch ?? {});
    const rows = GUIDE.split('\n').filter((line) => line.startsWith('| `'));
    expect(keys.filter((key) => !rows.some((row) => row.split('|')[1]?.includes(`\`${key}\``)))).toEqual([]);
  });
});

describe('the messages of the guide', () => {
  let service: RunningService;
  let fhir: FhirStub;
  beforeAll(async () => {
    fhir = await startFhirStub(({ headers, path }) => {
      if (path.startsWith('busy/')) return { status: 429 };
      if (path.startsWith('stu3/')) return { headers: { 'content-type': 'application/fhir+json; fhirVersion=3.0' } };
      if (path.startsWith('merged/')) return { body: path.includes('/Patient/') ? REPLACED : EMPTY };
      return headers.authorization === 'Bearer slow' ? { delayMs: 30_000 } : { status: 401 };
    });
    service = await startService(
      loadConfig(
        {},
        { port: 0, store: 'memory', logLevel: 'silent', deadlineMs: 2000, perCallTimeoutMs: 1900, maxBodyBytes: 4096 },
      ),
    );
  });
  afterAll(async () => {
    await service.close();
    await fhir.close();
  });

  test('are those the service gives, with their status and code', async () => {
    const given = await provoked(service.url, fhir.baseUrl);
    const rows = faultRows();
    const isSaid = (row: FaultRow) => given.some((fault) => isOf(row, fault));
    expect(rows.filter((row) => !isSaid(row))).toEqual([]);
    expect(given.filter((fault) => !rows.some((row) => isOf(row, fault)))).toEqual([]);
  });

  test('of a card that falls short are those of the cards', () => {
    const words = [
      ...Object.values(REASON_WORDS),
      ...Object.values(NOT_SCORED_WORDS).map(({ summary }) => `No 7-day mortality prediction (${summary})`),
    ];
    expect(words.filter((text) => !GUIDE.includes(`\`${text}\``))).toEqual([]);
    const sources = ['build-text-only-cards', 'card-detail', 'card-summary'].map((name) =>
      readFileSync(`src/cards/${name}.ts`, 'utf8'),
    );
    const fixed = [
      'an order reads like a blood product, but its code is not known here',
      'Could not be read:',
      'only the last ',
    ];
    for (const text of fixed) {
      expect(GUIDE).toContain(`\`${text}`);
      expect(sources.join('')).toContain(text);
    }
  });

  test('of a start that is refused are those of the configuration and the socket', async () => {
    expect(() => loadConfig({ HEMOLENS_PROT: '1' })).toThrow(quoted('HEMOLENS_PROT is not'));
    expect(() => loadConfig({ HEMOLENS_HOST: '0.0.0.0' })).toThrow(shownBefore('HEMOLENS_PUBLIC_BASE_URL must'));
    const isOff = { HEMOLENS_HOST: '0.0.0.0', HEMOLENS_CLIENT_AUTHENTICATION: 'off' };
    expect(() => loadConfig(isOff)).toThrow(shownBefore('HEMOLENS_CLIENT_AUTHENTICATION is'));
    const port = Number(new URL(service.url).port);
    await expect(openHttpServer(() => undefined, { host: '127.0.0.1', port })).rejects.toThrow(
      quoted('cannot listen').replace('3000', String(port)),
    );
  });
});

interface Fault {
  readonly status: number;
  readonly code: string;
  readonly text: string;
}
interface FaultRow {
  readonly status: number;
  readonly code: string;
  readonly says: string;
}

function faultRows(): readonly FaultRow[] {
  return [...GUIDE.matchAll(/^\| (\d{3}) \| `(ERR_\w+)` \| `([^`]+)` \|/gm)].map(
    ([, status, code = '', says = '']) => ({
      status: Number(status),
      code,
      says,
    }),
  );
}

function isOf({ status, code, says }: FaultRow, fault: Fault): boolean {
  const [before = '', after = ''] = says.split('…');
  const isSame = says.includes('…') ? fault.text.startsWith(before) && fault.text.endsWith(after) : fault.text === says;
  return fault.status === status && fault.code === code && isSame;
}

/** The message of the guide that begins so. */
/** What the guide quotes, up to where it leaves off. */
function shownBefore(beginning: string): string {
  return quoted(beginning).replace(/ *…$/, '');
}

function quoted(beginning: string): string {
  const found = [...GUIDE.matchAll(/`([^`\n]+)`/g)]
    .map(([, text = '']) => text)
    .find((text) => text.startsWith(beginning));
  if (found === undefined) throw new Error(`the guide has no message that begins with '${beginning}'`);
  return found;
}

/** Every refusal a caller can bring about, once. */
async function provoked(serviceUrl: string, fhirServer: string): Promise<readonly Fault[]> {
  const client = cdsTestClient(serviceUrl);
  const json = { 'Content-Type': 'application/json' };
  const raw = (body: string, headers: Record<string, string> = json, path = `/cds-services/${ID}`) =>
    client.send(path, { method: 'POST', headers, body });
  const order = (patient = 'syn-1') => ({
    resourceType: 'Bundle',
    entry: [
      {
        resource: {
          resourceType: 'ServiceRequest',
          status: 'draft',
          intent: 'order',
          subject: { reference: `Patient/${patient}` },
          code: { coding: [{ system: 'http://snomed.info/sct', code: '116863004' }] },
        },
      },
    ],
  });
  const blood = (more: Readonly<Record<string, unknown>> = {}, patient?: string) =>
    client.call(ID, hookBody({ context: hookContext({ draftOrders: order(patient) }), ...more }));
  const scope = 'patient/*.rs';
  const answers: readonly Answer[] = [
    await raw('{"hook":'),
    await client.call(ID, without(hookBody(), 'context.patientId')),
    await blood({}, 'another'),
    await client.call(ID, hookBody({ hook: 'patient-view' })),
    await client.call('transfusion-risk', hookBody()),
    await raw('{}', json, `/cds-services/${ID}/nothing`),
    await client.send(`/cds-services/${ID}`),
    await blood(),
    await blood({ fhirServer: 'http://127.0.0.1:1/fhir' }),
    await blood({ fhirServer: 'https://fhir.example.org/r4' }),
    await blood({ fhirServer, fhirAuthorization: fhirAuthorization({ scope }) }),
    await blood({ fhirServer, fhirAuthorization: fhirAuthorization({ scope, access_token: 'slow' }) }),
    await blood({ fhirServer: `${fhirServer}/busy` }),
    await blood({ fhirServer: `${fhirServer}/stu3` }),
    await blood({ fhirServer: `${fhirServer}/merged` }),
    await raw(JSON.stringify({ filler: 'x'.repeat(5000) })),
    await raw('{}', { 'Content-Type': 'text/plain' }),
  ];
  return answers.map((answer) => {
    const { errorCode, text } = issueOf(answer);
    return { status: answer.status, code: errorCode, text };
  });
}
