#!/usr/bin/env node
import { assessCommand } from './commands/assess.js';
import { clientCommands } from './commands/client.js';
import { cohortBuildCommand } from './commands/cohort-build.js';
import { cohortDescribeCommand } from './commands/cohort-describe.js';
import { cohortEmbedCommand } from './commands/cohort-embed.js';
import { cohortMergeCommand } from './commands/cohort-merge.js';
import { EXIT, parseCommandArguments, UsageError, type Command, type Terminal } from './commands/command.js';
import { configCheckCommand, configPrintCommand } from './commands/config-print.js';
import { demoCommand } from './commands/demo.js';
import { hapiStartCommand } from './commands/hapi-start.js';
import { kitConformanceCommand } from './commands/kit-conformance.js';
import { kitCheckOrdersCommand } from './commands/kit-check-orders.js';
import { kitFireCommand } from './commands/kit-fire.js';
import { kitKeyCommand } from './commands/kit-key.js';
import { kitLoadCommand } from './commands/kit-load.js';
import { kitReplayCommand } from './commands/kit-replay.js';
import { kitUnloadCommand } from './commands/kit-unload.js';
import { modelDescribeCommand } from './commands/model-describe.js';
import { modelUseCommand } from './commands/model-use.js';
import { modelVerifyCommand } from './commands/model-verify.js';
import { replayCommand } from './commands/replay.js';
import { sandboxCommand } from './commands/sandbox.js';
import { serveCommand } from './commands/serve.js';
import { storeBackupCommand } from './commands/store-backup.js';
import { storeCheckCommand } from './commands/store-check.js';
import { storeErasePatientCommand } from './commands/store-erase-patient.js';
import { storeExportCommand } from './commands/store-export.js';
import { storeLoadOutcomesCommand } from './commands/store-load-outcomes.js';
import { storeMigrateCommand } from './commands/store-migrate.js';
import { storePurgeCommand } from './commands/store-purge.js';
import { openStorePorts } from './commands/store-ports.js';
import { storeRestoreCommand } from './commands/store-restore.js';
import { storeRotateKeysCommand } from './commands/store-rotate-keys.js';
import { switchCommand } from './commands/switch.js';
import { ServiceError } from './errors/service-error.js';
import { startService } from './server.js';

const COMMANDS: readonly Command[] = [
  serveCommand(startService),
  demoCommand(startService),
  sandboxCommand(),
  assessCommand(startService),
  replayCommand(startService),
  ...clientCommands(openStorePorts),
  switchCommand(openStorePorts, openStorePorts),
  cohortBuildCommand(),
  cohortMergeCommand(),
  cohortDescribeCommand(),
  cohortEmbedCommand(),
  kitLoadCommand(),
  kitUnloadCommand(),
  kitCheckOrdersCommand(),
  kitFireCommand(),
  kitReplayCommand(),
  kitKeyCommand(),
  kitConformanceCommand(),
  configCheckCommand(),
  configPrintCommand(),
  modelVerifyCommand(),
  modelDescribeCommand(),
  modelUseCommand(openStorePorts),
  storeCheckCommand(),
  storeMigrateCommand(),
  storePurgeCommand(),
  storeErasePatientCommand(),
  storeExportCommand(),
  storeLoadOutcomesCommand(),
  storeBackupCommand(),
  storeRestoreCommand(),
  storeRotateKeysCommand(),
  hapiStartCommand(),
];

const terminal: Terminal = {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  progress: (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  },
};

async function main(args: readonly string[]): Promise<number> {
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, index) => args[index] === word));
  if (!command) {
    const asked = args.length === 0 || args[0] === '--help' || args[0] === '-h' || args[0] === 'help';
    const known = COMMANDS.filter(({ name }) => name.split(' ')[0] === args[0]);
    if (asked) terminal.out(overview());
    else terminal.err(unknown(args, known));
    return asked ? EXIT.ok : EXIT.usage;
  }
  try {
    const own = args.slice(command.name.split(' ').length);
    if (own.includes('--help') || own.includes('-h')) {
      terminal.out(command.help);
      return EXIT.ok;
    }
    return await command.run(parseCommandArguments(command, own), terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(`hemolens ${command.name}: ${error.message}\nhemolens ${command.name} --help tells more.`);
      return EXIT.usage;
    }
    terminal.err(`hemolens ${command.name}: ${faultText(error)}`);
    return EXIT.fault;
  }
}

function faultText(error: unknown): string {
  if (error instanceof ServiceError) return `${error.detail} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  hemolens ${name.padEnd(width)}  ${summary}`);
  return [
    'hemolens: 7-day mortality risk at the moment a blood product order is signed. Research software.',
    '',
    ...lines,
    '',
    'Each command takes --help.',
  ].join('\n');
}

function unknown(args: readonly string[], known: readonly Command[]): string {
  if (known.length > 0) return `hemolens ${args[0] ?? ''} needs one of: ${known.map(({ name }) => name).join(', ')}`;
  return `hemolens: there is no command '${args[0] ?? ''}'. hemolens --help lists them.`;
}

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await main(process.argv.slice(2));
