import { loadOutcomes } from '../store/admin/load-outcomes.js';
import { EXIT, type Command } from './command.js';
import { oneArgument, STORE_HELP, withStore } from './store-admin.js';

const HELP = `hemolens store load-outcomes FILE

Loads who had died 7 days after the prediction time, for calibration and drift: all lines of the file or none. A later file
corrects an earlier one.

  FILE  CSV with the header assessment_id,died_within_7_days (true, false, 1 or 0), or NDJSON with the same members

${STORE_HELP}`;

/** `hemolens store load-outcomes` */
export function storeLoadOutcomesCommand(): Command {
  return {
    name: 'store load-outcomes',
    summary: 'load deaths and survivals at day 7',
    help: HELP,
    options: {},
    async run(args, terminal) {
      const file = oneArgument(args, 'file');
      terminal.out(JSON.stringify(await withStore((sql) => loadOutcomes(sql, file, Date.now()))));
      return EXIT.ok;
    },
  };
}
