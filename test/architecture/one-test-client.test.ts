import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ESLint, Linter } from 'eslint';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const A_TEST = 'test/http/health.test.ts';

/** The rules of eslint.config.js that restrict what a file may use; the others want types, and the whole project read. */
async function restrictions(file: string): Promise<Linter.RulesRecord> {
  const config = (await new ESLint({ cwd: ROOT }).calculateConfigForFile(`${ROOT}${file}`)) as Linter.Config;
  const rules: Linter.RulesRecord = {};
  for (const [name, rule] of Object.entries(config.rules ?? {})) {
    if (rule !== undefined && name.startsWith('no-restricted-')) rules[name] = rule;
  }
  return rules;
}

let inTests: Linter.RulesRecord;
beforeAll(async () => {
  inTests = await restrictions(A_TEST);
}, 60_000);

function refusals(source: string, rules = inTests): readonly (string | null)[] {
  const messages = new Linter().verify(source, { rules, languageOptions: { globals: { fetch: false } } });
  return messages.map(({ ruleId }) => ruleId);
}

describe('no test asks the service past the one client that scans every answer (req. 2)', () => {
  it.each<[string, string]>([
    ['fetch', "await fetch('http://127.0.0.1/cds-services');"],
    ['globalThis.fetch', "await globalThis.fetch('http://127.0.0.1/cds-services');"],
    ['fetch under another name', 'const ask = fetch; await ask("http://127.0.0.1");'],
    ['request of node:http', "import { request } from 'node:http'; request('http://127.0.0.1');"],
    ['get of http', "import { get } from 'http'; get('http://127.0.0.1');"],
    ['the whole of node:http', "import * as http from 'node:http'; http.get('http://127.0.0.1');"],
    ['node:https', "import { request } from 'node:https'; request('https://127.0.0.1');"],
    ['node:http2', "import { connect } from 'node:http2'; connect('http://127.0.0.1');"],
    ['undici', "import { request } from 'undici'; await request('http://127.0.0.1');"],
    ['a socket', "import { connect } from 'node:net'; connect(80);"],
    ['an import at run time', "const { request } = await import('node:http'); request('http://127.0.0.1');"],
  ])(
    'with %s',
    (_, source) => {
      expect(refusals(source)).not.toEqual([]);
    },
    60_000,
  );

  it('while a stub server, and the client itself, may use what they need', async () => {
    expect(refusals("import { createServer } from 'node:http'; createServer().close();")).toEqual([]);
    const source = "await fetch('http://127.0.0.1');";
    expect(refusals(source, await restrictions('test/support/cds-client.ts'))).toEqual([]);
    expect(refusals(source, await restrictions('src/app.ts'))).toEqual([]);
  }, 60_000);
});
