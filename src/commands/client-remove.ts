import { clientNamed, onlyArgument, REGISTRY_HELP, withRegistry, type OpenRegistry } from './client-registry.js';
import { EXIT, type Command } from './command.js';

const HELP = `hemolens client remove ID

Takes a client off the registry: its calls are refused from then on. What it was answered stays in the store.

${REGISTRY_HELP}`;

/** `hemolens client remove` */
export function clientRemoveCommand(openRegistry: OpenRegistry): Command {
  return {
    name: 'client remove',
    summary: 'take a CDS client off the registry',
    help: HELP,
    options: {},
    run: async (args, terminal) => {
      const id = onlyArgument(args, 'client id');
      return withRegistry(openRegistry, async (registry) => {
        if (!(await registry.remove(id))) await clientNamed(registry, id);
        terminal.err(`${id} is removed: its calls are refused from now on.`);
        return EXIT.ok;
      });
    },
  };
}
