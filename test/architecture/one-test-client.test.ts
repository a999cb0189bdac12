import { describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** An existing file of the rules' folder: typed rules want one that the project knows. */
const A_TEST = 'test/http/health.test.ts';

async function refusals(source: string, file = A_TEST): Promise<readonly string[]> {
  const eslint = new ESLint({ cwd: ROOT, ruleFilter: ({ ruleId }) => ruleId.startsWith('no-restricted-') });
  const [result] = await eslint.lintText(source, { filePath: `${ROOT}${file}` });
  return (result?.messages ?? []).flatMap(({ ruleId }) => (ruleId === null ? [] : [ruleId]));
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
    async (_, source) => {
      expect(await refusals(source)).not.toEqual([]);
    },
    60_000,
  );

  it('while a stub server, and the client itself, may use what they need', async () => {
    expect(await refusals("import { createServer } from 'node:http'; createServer().close();")).toEqual([]);
    expect(await refusals("await fetch('http://127.0.0.1');", 'test/support/cds-client.ts')).toEqual([]);
    expect(await refusals("await fetch('http://127.0.0.1');", 'src/app.ts')).toEqual([]);
  }, 60_000);
});
