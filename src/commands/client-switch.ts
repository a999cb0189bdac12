import { clientNamed, onlyArgument, REGISTRY_HELP, withRegistry, type OpenRegistry } from './client-registry.js';
import { EXIT, UsageError, type Command } from './command.js';

interface Switch {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly summary: string;
  readonly says: string;
}

const SWITCHES: readonly Switch[] = [
  {
    name: 'client enable',
    isEnabled: true,
    summary: "release a CDS client's kill switch",
    says: 'its calls are assessed',
  },
  {
    name: 'client disable',
    isEnabled: false,
    summary: "throw a CDS client's kill switch: no cards, nothing assessed",
    says: 'its calls are answered with no card and nothing is assessed',
  },
];

/** `hemolens client enable` and `hemolens client disable` */
export function clientSwitchCommands(openRegistry: OpenRegistry): readonly Command[] {
  return SWITCHES.map(({ name, isEnabled, summary, says }) => ({
    name,
    summary,
    help: `hemolens ${name} ID\n\nFrom then on ${says}. The client stays registered.\n\n${REGISTRY_HELP}`,
    options: {},
    run: async (args, terminal) => {
      const id = onlyArgument(args, 'client id');
      return withRegistry(openRegistry, async (registry) => {
        await registry.put({ ...(await clientNamed(registry, id)), isEnabled });
        terminal.err(`${id}: ${says}.`);
        return EXIT.ok;
      });
    },
  }));
}

const MODES = { silent: 'its calls are assessed and stored, no card is returned', cards: 'it gets cards' } as const;

/** `hemolens client mode` */
export function clientModeCommand(openRegistry: OpenRegistry): Command {
  return {
    name: 'client mode',
    summary: 'let a CDS client have cards, or make it silent',
    help: `hemolens client mode ID silent|cards

  silent   ${MODES.silent} (how a new client starts)
  cards    ${MODES.cards}

${REGISTRY_HELP}`,
    options: {},
    run: async (args, terminal) => {
      const [id, mode, ...more] = args.positionals;
      if (id === undefined || more.length > 0 || (mode !== 'silent' && mode !== 'cards')) {
        throw new UsageError('give a client id and silent or cards');
      }
      return withRegistry(openRegistry, async (registry) => {
        await registry.put({ ...(await clientNamed(registry, id)), mode });
        terminal.err(`${id}: ${MODES[mode]}.`);
        return EXIT.ok;
      });
    },
  };
}
