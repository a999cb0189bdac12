import { clientDocument, describeClient, REGISTRY_HELP, withRegistry, type OpenRegistry } from './client-registry.js';
import { EXIT, hasFlag, type Command } from './command.js';

const HELP = `hemolens client list [--json]

The registered clients. Of keys that were given with a registration only their names and thumbprints (RFC 7638) are shown.

  --json   one JSON array

${REGISTRY_HELP}`;

/** `hemolens client list` */
export function clientListCommand(openRegistry: OpenRegistry): Command {
  return {
    name: 'client list',
    summary: 'the registered CDS clients',
    help: HELP,
    options: { json: { type: 'boolean' } },
    run: (args, terminal) =>
      withRegistry(openRegistry, async (registry) => {
        const clients = await registry.list();
        if (hasFlag(args, 'json')) terminal.out(JSON.stringify(clients.map(clientDocument), undefined, 2));
        else if (clients.length === 0) terminal.err('No client is registered: `hemolens client add`.');
        else terminal.out(clients.flatMap(describeClient).join('\n'));
        return EXIT.ok;
      }),
  };
}
