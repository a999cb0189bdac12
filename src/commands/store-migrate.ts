import { migrateDown, migrateUp } from '../store/migrations/migrate.js';
import { EXIT, hasFlag, type Command } from './command.js';
import { STORE_HELP, withStoreMade } from './store-admin.js';

const HELP = `hemolens store migrate [--down]

Brings the schema of the store up to this version; the service does the same when it starts.

  --down  takes back the newest step instead, with everything its tables hold: back up first

${STORE_HELP}`;

/** `hemolens store migrate` */
export function storeMigrateCommand(): Command {
  return {
    name: 'store migrate',
    summary: 'bring the schema of the store up to date, or take a step back',
    help: HELP,
    options: { down: { type: 'boolean' } },
    async run(args, terminal) {
      const changed = await withStoreMade(async (sql) =>
        hasFlag(args, 'down') ? { takenBack: await migrateDown(sql) } : { applied: await migrateUp(sql, Date.now()) },
      );
      terminal.out(JSON.stringify(changed));
      return EXIT.ok;
    },
  };
}
