import { findExchangeFiles, replayExchanges } from '../kit/exchanges/replay-exchanges.js';
import { replayLines } from '../kit/exchanges/replay-report.js';
import { EXIT, hasFlag, textOption, UsageError, type Command } from './command.js';
import { fhirAccess, SERVICE_HELP, SERVICE_OPTIONS, serviceConnection } from './kit-options.js';

const HELP = `hemolens kit replay DIR|FILE... --service URL [--fhir URL] [--json]

Sends exchanges that \`hemolens kit fire --record\` wrote to a service, another version of it for example, and shows what changed in
the cards. Every time in a request is moved so that the order was signed as long ago as then; the answer is compared with what the
service of that day said to the very same request.

${SERVICE_HELP}
  --fhir         name this FHIR server in the requests (default: none, the request is all there is). Its chart is not moved in time and
                 must know the patients: for exchanges recorded with --keep-identities
    --token-file file with an access token for it
  --json         print one line of JSON

Not compared: ids of cards, tokens of links, the model's name but for the card's words, and probabilities less than 0.01 percentage
points apart.

Exit code 0: nothing changed. 1: something changed or failed.`;

/** `hemolens kit replay` */
export function kitReplayCommand(): Command {
  return {
    name: 'kit replay',
    summary: 'send recorded exchanges to another version of the service and compare the cards',
    help: HELP,
    options: {
      ...SERVICE_OPTIONS,
      fhir: { type: 'string' },
      'token-file': { type: 'string' },
      json: { type: 'boolean' },
    },
    async run(args, terminal) {
      if (args.positionals.length === 0) throw new UsageError('name the files or folders of recorded exchanges');
      const connection = await serviceConnection(args);
      const fhir = textOption(args, 'fhir') === undefined ? undefined : await fhirAccess(args);
      const files = await findExchangeFiles(args.positionals);
      const report = await replayExchanges(files, {
        connection,
        ...(fhir && { fhir }),
        onProgress: (done, of) => terminal.progress(`${done} of ${of} exchanges`),
      });
      terminal.progress('');
      if (report.kind === 'no-service') {
        terminal.err(`hemolens kit replay: ${report.says}`);
        return EXIT.fault;
      }
      if (hasFlag(args, 'json')) terminal.out(JSON.stringify(report));
      else for (const line of replayLines(report)) terminal.out(line);
      return report.changed + report.failed === 0 ? EXIT.ok : EXIT.fault;
    },
  };
}
