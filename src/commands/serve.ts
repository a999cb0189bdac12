import { loadConfig, type Config } from '../config/config.js';
import { reportCrashes } from '../logging/report-crashes.js';
import { EXIT, numberOption, textOption, type Command } from './command.js';
import { untilStopped } from './until-stopped.js';

/** What a command needs of the running service. */
export interface Running {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the service; handed in, since nothing imports the entry points. */
export type StartService = (
  config: Config,
  overrides?: { readonly clock?: () => number; readonly log?: never },
) => Promise<Running>;

const HELP = `hemolens serve [--port N] [--host ADDRESS] [--model DIR]

Starts the CDS service. Configuration comes from the environment (docs/configuration.md); the options go before it.
The service verifies its model bundle first and does not listen when anything in it disagrees.

  --port   port to listen on (default HEMOLENS_PORT, then 3000)
  --host   address to bind (default 127.0.0.1: this machine only)
  --model  folder of the model bundle (default models/transfusion-open)

Stops on SIGINT or SIGTERM. Exit code 1: refused to start; the message says why.`;

/** `hemolens serve` */
export function serveCommand(startService: StartService): Command {
  return {
    name: 'serve',
    summary: 'start the CDS service',
    help: HELP,
    options: { port: { type: 'string' }, host: { type: 'string' }, model: { type: 'string' } },
    async run(args, terminal) {
      reportCrashes();
      const port = textOption(args, 'port') === undefined ? undefined : numberOption(args, 'port', 0);
      const config = loadConfig(undefined, {
        port,
        host: textOption(args, 'host'),
        modelBundleDir: textOption(args, 'model'),
      });
      const service = await startService(config);
      terminal.err(`Hemolens listens on ${service.url} (research software, not for clinical use)`);
      terminal.err(`  discovery  ${service.url}/cds-services`);
      await untilStopped();
      await service.close();
      return EXIT.ok;
    },
  };
}
