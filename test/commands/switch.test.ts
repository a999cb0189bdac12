import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RegisteredClient } from '../../src/clients/registered-client.js';
import type { ServiceSwitches } from '../../src/clients/client-registry.js';
import type { Command, CommandArguments } from '../../src/commands/command.js';
import { modelUseCommand } from '../../src/commands/model-use.js';
import { switchCommand, type OpenClients, type OpenSwitches } from '../../src/commands/switch.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { registered } from '../assessment/registered.js';
import { removeTinyEnsemble, writeTinyEnsemble } from '../support/tiny-ensemble.js';

let bundle: string;
beforeAll(async () => {
  bundle = await writeTinyEnsemble();
});
afterAll(async () => removeTinyEnsemble(bundle));

/** A board and a registry in memory, that count what is open. */
function site(ids: readonly string[] = []) {
  let switches: ServiceSwitches = { isAssessing: true };
  const clients = new Map(ids.map((id) => [id, { ...(registered().registration as RegisteredClient), id, iss: id }]));
  let open = 0;
  const close = (): Promise<void> => {
    open -= 1;
    return Promise.resolve();
  };
  const openSwitches: OpenSwitches = () => {
    open += 1;
    return Promise.resolve({
      close,
      read: () => Promise.resolve(switches),
      write: (change) => {
        const { isAssessing, modelBundleDir } = { ...switches, ...change };
        switches = { isAssessing: isAssessing ?? true, ...(modelBundleDir === undefined ? {} : { modelBundleDir }) };
        return Promise.resolve();
      },
    });
  };
  const openClients: OpenClients = () => {
    open += 1;
    return Promise.resolve({
      close,
      list: () => Promise.resolve([...clients.values()]),
      put: (client) => {
        clients.set(client.id, client);
        return Promise.resolve();
      },
      remove: (id) => Promise.resolve(clients.delete(id)),
      findByIssuer: (iss) => Promise.resolve([...clients.values()].find((client) => client.iss === iss)),
    });
  };
  return { openSwitches, openClients, clients, switches: () => switches, open: () => open };
}

async function run(
  command: Command,
  positionals: readonly string[],
  values: CommandArguments['values'] = {},
): Promise<string> {
  const lines: string[] = [];
  const terminal = { out: (text: string) => lines.push(text), err: () => undefined, progress: () => undefined };
  expect(await command.run({ positionals, values }, terminal)).toBe(0);
  return lines.join('\n');
}

describe('hemolens switch', () => {
  test('off and on are for all', async () => {
    const { openSwitches, openClients, switches, open } = site();
    const command = switchCommand(openSwitches, openClients);
    await run(command, ['off']);
    expect(switches().isAssessing).toBe(false);
    expect(await run(command, ['status'])).toContain('switched off, for all clients');
    await run(command, ['on']);
    expect(switches().isAssessing).toBe(true);
    expect(open()).toBe(0);
  });

  test('--client switches one client and leaves the rest of its registration as it was', async () => {
    const { openSwitches, openClients, clients, switches } = site(['a', 'b']);
    const command = switchCommand(openSwitches, openClients);
    const before = clients.get('a');
    await run(command, ['off'], { client: 'a' });
    expect(clients.get('a')).toEqual({ ...before, isEnabled: false });
    expect(clients.get('b')?.isEnabled).toBe(true);
    expect(switches().isAssessing).toBe(true);
    expect(await run(command, ['status'])).toMatch(/client {2}a: off\n.*client {2}b: on$/);
    expect(JSON.parse(await run(command, ['status'], { json: true }))).toMatchObject({
      isAssessing: true,
      clients: [
        { id: 'a', isEnabled: false },
        { id: 'b', isEnabled: true },
      ],
    });
  });

  test('bad call: another word, none, or a client that is not there', async () => {
    const { openSwitches, openClients, open } = site(['a']);
    const command = switchCommand(openSwitches, openClients);
    await expect(run(command, ['of'])).rejects.toThrow('say off, on or status');
    await expect(run(command, [])).rejects.toThrow('say off, on or status');
    await expect(run(command, ['off'], { client: 'c' })).rejects.toThrow("there is no client 'c'");
    expect(open()).toBe(0);
  });

  test('fault: a store that cannot be written is a fault, and closed', async () => {
    const { openSwitches, openClients, open } = site();
    const failing: OpenSwitches = async (config) => ({
      ...(await openSwitches(config)),
      write: () => Promise.reject(new ServiceError('ERR_STORE', { detail: 'no' })),
    });
    await expect(run(switchCommand(failing, openClients), ['off'])).rejects.toThrow('ERR_STORE');
    expect(open()).toBe(0);
  });
});

describe('hemolens model use', () => {
  test('verifies the bundle and names its folder, whole, to running services; --configured takes it back', async () => {
    const { openSwitches, switches, open } = site();
    await run(modelUseCommand(openSwitches), [bundle]);
    expect(switches()).toEqual({ isAssessing: true, modelBundleDir: bundle });
    expect(await run(modelUseCommand(openSwitches), [], { configured: true })).toContain('as configured');
    expect(switches()).toEqual({ isAssessing: true });
    expect(open()).toBe(0);
  });

  test('leaves the kill switch as it is', async () => {
    const { openSwitches, openClients, switches } = site();
    await run(switchCommand(openSwitches, openClients), ['off']);
    await run(modelUseCommand(openSwitches), [bundle]);
    expect(switches().isAssessing).toBe(false);
  });

  test('bad call: a folder without a bundle changes nothing', async () => {
    const { openSwitches, switches } = site();
    await expect(run(modelUseCommand(openSwitches), ['no-such-folder'])).rejects.toMatchObject({
      code: 'ERR_MODEL_BUNDLE',
    });
    expect(switches()).toEqual({ isAssessing: true });
  });

  test('bad call: no folder, two folders, or a folder and --configured', async () => {
    const command = modelUseCommand(site().openSwitches);
    await expect(run(command, [])).rejects.toThrow('give one folder');
    await expect(run(command, ['a', 'b'])).rejects.toThrow('give one folder');
    await expect(run(command, ['a'], { configured: true })).rejects.toThrow('give one folder');
  });
});
