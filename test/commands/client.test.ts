import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RegisteredClient } from '../../src/clients/registered-client.js';
import { clientCommands } from '../../src/commands/client.js';
import type { OpenRegistry } from '../../src/commands/client-registry.js';
import { parseCommandArguments, type Command } from '../../src/commands/command.js';
import { REFUSAL_WORDS } from '../../src/http/client-jwt/refusal-words.js';
import { makeClientKey } from '../../src/kit/fire/client-key.js';
import { TOKEN_FLAWS, type TokenFlaw } from '../../src/kit/fire/flawed-token.js';
import { startKeyServer } from '../http/client-jwt/support/key-server.js';
import { recordingTerminal } from '../kit/recording-terminal.js';

let dir: string;
let keyFile: string;
let strangerFile: string;
let setFile: string;
let keySet: { readonly keys: readonly unknown[] };
const clients = new Map<string, RegisteredClient>();
let opened = 0;
let closed = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hemolens-clients-'));
  [keyFile, strangerFile, setFile] = ['key.jwk', 'stranger.jwk', 'set.json'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  keySet = await makeClientKey(keyFile, 'ES384');
  await makeClientKey(strangerFile, 'RS384');
  writeFileSync(setFile, JSON.stringify(keySet));
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => clients.clear());

const openRegistry: OpenRegistry = () => {
  opened += 1;
  return Promise.resolve({
    findByIssuer: (iss) => Promise.resolve([...clients.values()].find((client) => client.iss === iss)),
    list: () => Promise.resolve([...clients.values()]),
    put: (client) => {
      clients.set(client.id, client);
      return Promise.resolve();
    },
    remove: (id) => Promise.resolve(clients.delete(id)),
    close: () => {
      closed += 1;
      return Promise.resolve();
    },
  });
};

async function client(name: string, ...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const command: Command | undefined = clientCommands(openRegistry).find((one) => one.name === `client ${name}`);
  if (!command) throw new Error(`no command client ${name}`);
  const { terminal, out, err } = recordingTerminal();
  const code = await command.run(parseCommandArguments(command, args), terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const addInline = (...more: readonly string[]) =>
  client('add', '--id', 'ehr', '--issuer', 'https://ehr.example.org', '--jwks', setFile, ...more);

describe('hemolens client', () => {
  it('add registers a client that starts silent, and says how that ends', async () => {
    const { code, out, err } = await addInline(
      '--tenants',
      'a, b',
      '--audiences',
      'urn:x',
      '--fhir-bases',
      'https://f.org/r4/',
    );
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('hemolens client mode ehr cards') });
    expect(out).toContain('ehr  silent (no cards)');
    expect(clients.get('ehr')).toMatchObject({
      ...{ mode: 'silent', isEnabled: true, tenants: ['a', 'b'], fhirBases: ['https://f.org/r4'] },
      dialect: { cardDetail: 'markdown', audiences: ['urn:x'] },
    });
  });

  it('add takes a file, and options before what it says', async () => {
    const file = join(dir, 'registration.json');
    writeFileSync(
      file,
      JSON.stringify({ id: 'f', iss: 'f', jku: 'https://f.org/jwks', dialect: { topicCode: 'TX1' } }),
    );
    await client('add', '--file', file, '--issuer', 'https://f.org', '--audiences', 'urn:y');
    expect(clients.get('f')).toMatchObject({
      iss: 'https://f.org',
      dialect: { topicCode: 'TX1', audiences: ['urn:y'] },
    });
  });

  it('bad call: add does not overwrite a client by mistake, and does with --replace', async () => {
    await addInline();
    await expect(addInline('--mode', 'cards')).rejects.toThrow('--replace');
    await addInline('--mode', 'cards', '--replace');
    expect(clients.get('ehr')?.mode).toBe('cards');
  });

  it('bad call: add says what is wrong and registers nothing', async () => {
    await expect(client('add', 'ehr')).rejects.toThrow('--id');
    await expect(client('add', '--id', 'ehr')).rejects.toThrow('iss is required');
    await expect(client('add', '--file', join(dir, 'none.json'))).rejects.toThrow('cannot be read');
    await expect(client('add', '--file', setFile)).rejects.toThrow('keys is not known');
    await expect(addInline('--jwks', keyFile)).rejects.toThrow('not a JWK Set');
    await expect(addInline('--algorithms', 'HS256')).rejects.toThrow('never taken');
    expect(clients.size).toBe(0);
  });

  it('list shows no key, but what it is known by', async () => {
    expect((await client('list')).err).toContain('No client is registered');
    await addInline();
    const [text, json] = [await client('list'), await client('list', '--json')];
    const key: unknown = JSON.parse(readFileSync(keyFile, 'utf8'));
    const [x, kid] = [Reflect.get(Object(key), 'x'), Reflect.get(Object(key), 'kid')].map(String);
    for (const { out } of [text, json]) {
      expect(out).toContain(kid);
      expect(out).not.toContain(x);
    }
    expect(JSON.parse(json.out)).toEqual([
      expect.objectContaining({ id: 'ehr', enabled: true, keys: [{ kid, kty: 'EC', sha256Thumbprint: kid }] }),
    ]);
  });

  it('disable, enable, mode and remove change that and nothing else', async () => {
    await addInline();
    const before = clients.get('ehr');
    await client('disable', 'ehr');
    expect(clients.get('ehr')).toEqual({ ...before, isEnabled: false });
    expect((await client('list')).out).toContain('DISABLED');
    await client('enable', 'ehr');
    await client('mode', 'ehr', 'cards');
    expect(clients.get('ehr')).toEqual({ ...before, mode: 'cards' });
    expect(await client('remove', 'ehr')).toMatchObject({ code: 0 });
    expect(clients.size).toBe(0);
  });

  it.each(['disable', 'enable', 'remove'])('bad call: %s names the clients there are', async (name) => {
    await addInline();
    await expect(client(name, 'her')).rejects.toThrow('there is no client her (registered: ehr)');
    await expect(client(name)).rejects.toThrow('give one client id');
  });

  it('bad call: mode takes silent and cards', async () => {
    await addInline();
    await expect(client('mode', 'ehr', 'loud')).rejects.toThrow('silent or cards');
  });

  it('closes the registry whatever happens', () => {
    expect(closed).toBe(opened);
  });
});

describe('hemolens client test-token', () => {
  const WHY: Readonly<Record<TokenFlaw, keyof typeof REFUSAL_WORDS>> = {
    expired: 'exp-past',
    'not-yet-valid': 'nbf-future',
    'future-iat': 'iat-future',
    'too-long-lived': 'lifetime-too-long',
    'no-jti': 'claim-malformed',
    'wrong-issuer': 'iss-unknown',
    'wrong-audience': 'aud-wrong',
    'wrong-tenant': 'tenant-wrong',
    'unknown-kid': 'kid-unknown',
    'other-jku': 'jku-not-registered',
    'other-typ': 'typ-wrong',
    'wrong-key': 'signature-wrong',
    'alg-none': 'token-malformed',
    symmetric: 'alg-unknown',
    tampered: 'signature-wrong',
    replayed: 'jti-seen',
  };

  it('says that a good token would be taken, for which tenant, and shows the token only if asked', async () => {
    await addInline('--tenants', 'hospital-a');
    const { code, out, err } = await client('test-token', 'ehr', '--key', keyFile);
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toContain('aud http://127.0.0.1:3000/cds-services/transfusion-mortality-risk');
    expect(err).toContain('taken: a call of ehr, tenant hospital-a (silent: no cards)');
    const shown = await client('test-token', 'ehr', '--key', keyFile, '--show-token');
    expect(shown.out.trim().split('.')).toHaveLength(3);
  });

  it.each(TOKEN_FLAWS)(
    'bad call: with the flaw %s says why the service would refuse it (req. 69: here alone)',
    async (flaw) => {
      await addInline();
      const { code, err } = await client('test-token', 'ehr', '--key', keyFile, '--flaw', flaw);
      expect(code).toBe(1);
      expect(err).toContain(`refused (${WHY[flaw]}): ${REFUSAL_WORDS[WHY[flaw]]}`);
    },
  );

  it('bad call: a key that is not the client’s is told apart', async () => {
    await addInline();
    const { err } = await client('test-token', 'ehr', '--key', strangerFile);
    expect(err).toContain('refused (kid-unknown)');
  });

  it('fetches the key set of a client that has one', async () => {
    const server = await startKeyServer(keySet.keys);
    try {
      await client('add', '--id', 'ehr', '--issuer', 'https://ehr.example.org', '--jku', server.jku);
      expect((await client('test-token', 'ehr', '--key', keyFile)).err).toContain('taken');
      server.answers((_, response) => response.writeHead(404).end());
      expect((await client('test-token', 'ehr', '--key', keyFile)).err).toContain('refused (keys-unavailable)');
    } finally {
      await server.close();
    }
  });

  it('judges the token of an EHR that was kept in a file', async () => {
    await addInline();
    const file = join(dir, 'token.txt');
    const { out } = await client('test-token', 'ehr', '--key', keyFile, '--show-token');
    writeFileSync(file, `Authorization: Bearer ${out}`);
    expect((await client('test-token', '--token-file', file)).err).toContain('taken');
    expect((await client('test-token', '--token-file', file, '--service', 'other')).err).toContain(
      'refused (aud-wrong)',
    );
  });

  it('bad call: an unknown flaw or client is named', async () => {
    await expect(client('test-token', 'ehr', '--key', keyFile, '--flaw', 'ugly')).rejects.toThrow('--flaw ugly');
    await expect(client('test-token', 'ehr', '--key', keyFile)).rejects.toThrow('none is registered');
  });
});
