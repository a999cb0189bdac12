import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { Terminal } from '../../../src/commands/command.js';
import { parseCommandArguments } from '../../../src/commands/command.js';
import { kitConformanceCommand } from '../../../src/commands/kit-conformance.js';
import { reportHtml } from '../../../src/kit/conformance/report-html.js';
import { reportText } from '../../../src/kit/conformance/report-text.js';
import { runConformance } from '../../../src/kit/conformance/run-conformance.js';
import { ALL_RULES } from '../../../src/kit/conformance/rules/all-rules.js';
import type { Probe } from '../../../src/kit/conformance/probe.js';
import { CORRECT, tinyCard } from './tiny-service.js';
import { reportOn, smallSituation } from './tiny-report.js';

/** What the suite says where `answer` answers everything. */
async function reportAt(answer: RequestListener): ReturnType<typeof runConformance> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await runConformance({ serviceUrl: `http://127.0.0.1:${port}`, ...(await smallSituation()) });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const json =
  (body: unknown): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };

async function run(line: string): Promise<number> {
  const command = kitConformanceCommand();
  const silent: Terminal = { out: () => undefined, err: () => undefined, progress: () => undefined };
  return command.run(parseCommandArguments(command, line.split(' ')), silent);
}

describe('bad call:', () => {
  it.each([
    ['--json', /--service is required/],
    ['--service nowhere', /--service needs an http or https address/],
    ['--service http://127.0.0.1:1/cds-services', /before \/cds-services/],
    ['--service http://127.0.0.1:1 --key k.json', /go together/],
    ['--service http://127.0.0.1:1 --only 999', /--only 999/],
    ['--service http://127.0.0.1:1 --fhir http://127.0.0.1:2', /--fhir needs --request/],
    ['--service http://127.0.0.1:1 --origin https://a.example.org/page', /--origin needs an origin/],
    ['--service http://127.0.0.1:1 --request no-such-file.json', /cannot be read/],
  ])('%s says what is wrong', async (line, words) => {
    await expect(run(line)).rejects.toThrow(words);
  });
});

describe('fault: where there is no order-sign service the report says what is there:', () => {
  it('nothing', async () => {
    await expect(run('--service http://127.0.0.1:9')).rejects.toThrow(/nothing answers at/);
  });

  it('a web page', async () => {
    const page: RequestListener = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Sign in</h1>');
    };
    const report = await reportAt(page);
    expect(report.message).toMatch(/HTML page/);
    expect(report.results.find(({ id }) => id === 'discovery-address')?.outcome).toBe('fail');
    expect(report.results.find(({ id }) => id === 'card-summary')?.outcome).toBe('not-applicable');
  });

  it('a FHIR server, something else, another hook', async () => {
    expect((await reportAt(json({ resourceType: 'OperationOutcome' }))).message).toMatch(/FHIR server, not a CDS/);
    expect((await reportAt(json({ hello: 1 }))).message).toMatch(/not a CDS service/);
    const hook = { hook: 'patient-view', id: 'a', description: 'b' };
    expect((await reportAt(json({ services: [hook] }))).message).toMatch(/no order-sign hook; it offers patient-view/);
  });

  it('one that wants a token', async () => {
    const report = await reportOn(CORRECT, { client: undefined });
    expect(report.message).toMatch(/wants a client token .+ --key and --issuer/);
    expect(report.totals.fail).toBe(0);
  });
});

describe('a report', () => {
  it('holds no token, and of HTML nothing that a service said', async () => {
    const report = await reportOn({
      ...CORRECT,
      cards: () => [{ ...tinyCard(7), summary: '<script>x</script>'.repeat(9) }],
    });
    const page = reportHtml(report);
    for (const text of [JSON.stringify(report), reportText(report), page]) {
      expect(text).not.toMatch(/eyJ[\w-]+\.[\w-]+|conformance-[0-9a-f]{8}-[0-9a-f-]{27}"/);
    }
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;');
    expect(reportText(report)).toContain('FAIL card-summary (req. 40)');
  });

  it('holds the rules that --only names, by requirement or id', async () => {
    const { results } = await reportOn(CORRECT, { only: ['40', 'no-empty-members'] }, { isOpen: true });
    expect(results.map(({ id }) => id)).toEqual(['no-empty-members', 'card-summary']);
  });
});

describe('the rule about https (req. 1)', () => {
  const check = (base: string) => ALL_RULES.find(({ id }) => id === 'https')?.check({ base } as Probe);

  it('judges plain http to another machine, and nothing on loopback', () => {
    expect(check('http://cds.example.org')).toMatchObject({ outcome: 'fail' });
    expect(check('https://cds.example.org')).toMatchObject({ outcome: 'pass' });
    expect(check('http://[::1]:3000')).toMatchObject({ outcome: 'not-applicable' });
  });
});
