import type { ClientRegistryAdmin, SwitchBoardAdmin } from '../clients/client-registry.js';
import type { RegisteredClient } from '../clients/registered-client.js';
import { loadConfig, type Config } from '../config/config.js';
import { EXIT, hasFlag, textOption, UsageError, type Command, type Terminal } from './command.js';

/** Opens the switch board of the configured store; handed in, since commands do not know where it is kept. */
export type OpenSwitches = (config: Config) => Promise<SwitchBoardAdmin & { close(): Promise<void> }>;
/** The same for the registered clients. */
export type OpenClients = (config: Config) => Promise<ClientRegistryAdmin & { close(): Promise<void> }>;

const HELP = `hemolens switch off|on|status [--client ID] [--json]

The kill switch of the running service, or of one client. Off: calls are answered at once, nothing is read, assessed or kept;
what they are answered is set by HEMOLENS_KILL_SWITCH_ANSWER. Running services see a change within seconds, without a restart.
The store is the configured one (docs/configuration.md).

  --client  this client alone; the others go on
  --json    status as one line of JSON

Exit code 0: done. 1: the store could not be reached, and nothing was switched.`;

const ACTIONS = ['off', 'on', 'status'] as const;

/** `hemolens switch` */
export function switchCommand(openSwitches: OpenSwitches, openClients: OpenClients): Command {
  return {
    name: 'switch',
    summary: 'switch assessing off or on, for all or for one client, while the service runs',
    help: HELP,
    options: { client: { type: 'string' }, json: { type: 'boolean' } },
    async run(args, terminal) {
      const action = ACTIONS.find((one) => one === args.positionals[0]);
      if (action === undefined || args.positionals.length > 1) throw new UsageError('say off, on or status');
      const config = loadConfig();
      const clientId = textOption(args, 'client');
      if (action === 'status') {
        await printStatus(terminal, config, { openSwitches, openClients }, hasFlag(args, 'json'));
      } else if (clientId === undefined) {
        const switches = await openSwitches(config);
        await switches.write({ isAssessing: action === 'on' }).finally(() => switches.close());
        terminal.out(action === 'on' ? 'assessing, for every client that is on' : 'switched off, for all clients');
      } else {
        const clients = await openClients(config);
        await switchClient(clients, clientId, action === 'on').finally(() => clients.close());
        terminal.out(`client ${clientId}: ${action}`);
      }
      return EXIT.ok;
    },
  };
}

async function switchClient(clients: ClientRegistryAdmin, id: string, isEnabled: boolean): Promise<void> {
  const client = (await clients.list()).find((one) => one.id === id);
  if (!client) throw new UsageError(`there is no client '${id}'; hemolens client list names them`);
  await clients.put({ ...client, isEnabled });
}

async function printStatus(
  terminal: Terminal,
  config: Config,
  { openSwitches, openClients }: { readonly openSwitches: OpenSwitches; readonly openClients: OpenClients },
  isJson: boolean,
): Promise<void> {
  const switches = await openSwitches(config);
  const { isAssessing, modelBundleDir } = await switches.read().finally(() => switches.close());
  const registry = await openClients(config);
  const clients = await registry.list().finally(() => registry.close());
  if (isJson) {
    const states = clients.map(({ id, isEnabled, mode }) => ({ id, isEnabled, mode }));
    terminal.out(JSON.stringify({ isAssessing, modelBundleDir, clients: states }));
    return;
  }
  terminal.out(isAssessing ? 'assessing' : 'switched off, for all clients');
  terminal.out(`  model   ${modelBundleDir ?? `${config.modelBundleDir} (as configured)`}`);
  for (const client of clients) terminal.out(`  client  ${client.id}: ${stateOf(client)}`);
}

function stateOf({ isEnabled, mode }: RegisteredClient): string {
  if (!isEnabled) return 'off';
  return mode === 'silent' ? 'on, silent mode (no cards)' : 'on';
}
