import { clientAddCommand } from './client-add.js';
import { clientListCommand } from './client-list.js';
import type { OpenRegistry } from './client-registry.js';
import { clientRemoveCommand } from './client-remove.js';
import { clientModeCommand, clientSwitchCommands } from './client-switch.js';
import { clientTestTokenCommand } from './client-test-token.js';
import type { Command } from './command.js';

/** The commands `hemolens client …` on the registry that `openRegistry` opens. */
export function clientCommands(openRegistry: OpenRegistry): readonly Command[] {
  return [
    clientAddCommand(openRegistry),
    clientListCommand(openRegistry),
    clientRemoveCommand(openRegistry),
    ...clientSwitchCommands(openRegistry),
    clientModeCommand(openRegistry),
    clientTestTokenCommand(openRegistry),
  ];
}
