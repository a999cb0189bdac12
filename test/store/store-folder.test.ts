import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { silentLog } from '../../src/logging/logger.js';
import { openConfiguredStore } from '../../src/store/configured-store.js';
import { folderPaths, reachFolder } from '../../src/store/folder/store-folder.js';
import { addKey, readKeyFile } from '../../src/store/keys/key-file.js';
import { filePseudonyms } from '../../src/store/keys/pseudonyms.js';
import { openStore } from '../../src/store/open-store.js';
import { answeredCall, FHIR_SERVER } from './support/answered-call.js';

jest.setTimeout(300_000);

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hemolens-folder-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the folder of an embedded store', () => {
  it('is made for this user alone, serves one process, and answers the commands of the same user meanwhile', async () => {
    const dir = join(root, 'one');
    const place = { kind: 'embedded', dir } as const;
    const open = () => openStore({ place, onFailure: { kind: 'refuse' }, log: silentLog });
    const store = await open();
    const paths = folderPaths(dir);
    expect(statSync(paths.folder).mode & 0o777).toBe(0o700);
    for (const path of [paths.keys, paths.lock, paths.socket]) expect(statSync(path).mode & 0o777).toBe(0o600);

    await expect(open()).rejects.toMatchObject({ code: 'ERR_STORE', detail: expect.stringContaining('is in use') });

    const command = await reachFolder(dir, false);
    await store.save(answeredCall({ id: 'while-open' }));
    expect(await command.query('SELECT id, tabular[2] AS column FROM assessment')).toMatchObject([
      { id: 'while-open' },
    ]);
    await expect(command.query('SELECT nothing FROM nowhere')).rejects.toMatchObject({ code: '42P01' });
    await expect(
      command.transaction(async (tx) => {
        await tx.query('DELETE FROM assessment');
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await command.query('SELECT count(*)::int AS n FROM assessment')).toEqual([{ n: 1 }]);
    await command.close();
    await store.close();
    for (const path of [paths.lock, paths.socket]) expect(existsSync(path)).toBe(false);

    // A lock that a killed process left, and half of one.
    for (const left of [JSON.stringify({ pid: process.pid, began: '1', socket: paths.socket }), '{"pi']) {
      writeFileSync(paths.lock, left);
      await (await open()).close();
    }
  });

  it('in memory where the configuration says so', async () => {
    const store = await openConfiguredStore(
      { store: 'memory', storeDir: join(root, 'unused'), storeSync: false, storeFailure: 'spool', storeCapacity: 5 },
      { log: silentLog },
    );
    await store.save(answeredCall({ patientId: 'p' }));
    expect(await store.since({ clientId: 'ehr-1', fhirServer: FHIR_SERVER, patientId: 'p' }, 0)).toMatchObject([
      { tier: 'very-high' },
    ]);
    expect(existsSync(join(root, 'unused'))).toBe(false);
  });
});

describe('the pseudonym keys', () => {
  const north = { clientId: 'ehr', tenant: 'north' };

  it('give unrelated pseudonyms to one patient under two tenants, and to two kinds of identifiers', () => {
    const file = join(root, 'keys-1.json');
    addKey(file);
    const pseudonyms = filePseudonyms(file);
    const names = [
      pseudonyms.of(north, 'patient', 'p'),
      pseudonyms.of({ ...north, tenant: 'south' }, 'patient', 'p'),
      pseudonyms.of({ ...north, clientId: 'other' }, 'patient', 'p'),
      pseudonyms.of(north, 'user', 'p'),
      pseudonyms.of(north, 'patient', 'q'),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(pseudonyms.of(north, 'patient', 'Patient/p')).toBe(names[0]);
    for (const name of names) expect(name).toMatch(/^1\.[\w-]{43}$/);
  });

  it('rotate: the newest writes, older ones are still known, and a running service takes it up', () => {
    const file = join(root, 'keys-2.json');
    let nowMs = 0;
    expect(addKey(file)).toBe(1);
    const pseudonyms = filePseudonyms(file, () => nowMs);
    const before = pseudonyms.of(north, 'patient', 'p');
    const sealed = pseudonyms.seal('clear');
    expect(addKey(file)).toBe(2);
    nowMs = 10_000;
    expect(pseudonyms.of(north, 'patient', 'p')).toMatch(/^2\./);
    expect(pseudonyms.allOf(north, 'patient', 'p')).toEqual([pseudonyms.of(north, 'patient', 'p'), before]);
    expect(pseudonyms.unseal(sealed)).toBe('clear');
    expect(pseudonyms.unseal(`${sealed.slice(0, -2)}AA`)).toBeUndefined();
    expect(pseudonyms.unseal('7.AAAA')).toBeUndefined();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('bad call: are refused when others may read them, or they are none, without their content in the message', () => {
    const file = join(root, 'keys-3.json');
    addKey(file);
    chmodSync(file, 0o640);
    expect(() => readKeyFile(file)).toThrow(/chmod 600/);
    chmodSync(file, 0o600);
    const whole = readFileSync(file, 'utf8');
    for (const text of ['', '{"keys": []}', '{"keys": [{"version": 1, "secret": "SHORT"}]}', whole.slice(0, 40)]) {
      writeFileSync(file, text);
      expect(() => readKeyFile(file)).toThrow(/is no pseudonym key file/);
      expect(() => readKeyFile(file)).not.toThrow(/SHORT/);
    }
    expect(() => readKeyFile(join(root, 'missing.json'))).toThrow(/cannot be read/);
  });
});
