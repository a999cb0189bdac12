import { readdirSync, readFileSync } from 'node:fs';
import { parseCommandArguments, type Command } from '../../src/commands/command.js';
import type { startService } from '../../src/server.js';

/** The commands of `src/cli.ts`, which runs on import: made from the same factories. `start` is never called. */
export async function hemolensCommands(start: typeof startService): Promise<readonly Command[]> {
  const table = readFileSync('src/cli.ts', 'utf8');
  const commands: Command[] = [];
  for (const file of readdirSync('src/commands').sort()) {
    const module = (await import(`../../src/commands/${file}`)) as Readonly<Record<string, unknown>>;
    for (const [name, factory] of Object.entries(module)) {
      const isListed = table.includes(`  ${name}(`) || table.includes(`  ...${name}(`);
      if (!/Commands?$/.test(name) || typeof factory !== 'function' || !isListed) continue;
      commands.push(...[(factory as (given: typeof startService) => Command | readonly Command[])(start)].flat());
    }
  }
  return commands;
}

/** Command lines of a Markdown text: in its `sh` blocks (also `node dist/cli.js`, inside a container) and in its inline code. */
export function hemolensLines(markdown: string): readonly string[] {
  const blocks = [...markdown.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block.replace(/\\\n\s*/g, ''));
  const inline = [...markdown.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks.flatMap((block) => block.split('\n')), ...inline].flatMap((line) => {
    const rest = /node dist\/cli\.js (\S.*)$/.exec(line)?.[1] ?? /(?:^|\s)(?:npx )?hemolens (\S.*)$/.exec(line)?.[1];
    return rest === undefined ? [] : [rest];
  });
}

/** What is wrong with a command line; undefined where the command and all its options exist. */
export function whatIsWrong(line: string, commands: readonly Command[]): string | undefined {
  const words = line.split(/\s+/);
  const command = commands.find(({ name }) => name.split(' ').every((word, index) => words[index] === word));
  if (!command) return `there is no command: hemolens ${line}`;
  try {
    parseCommandArguments(command, words.slice(command.name.split(' ').length));
    return undefined;
  } catch (error) {
    return `hemolens ${line}: ${String(error)}`;
  }
}
