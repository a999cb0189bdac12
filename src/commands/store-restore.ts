import { restore } from '../store/admin/backup.js';
import { EXIT, type Command } from './command.js';
import { oneArgument, STORE_HELP, withStoreMade } from './store-admin.js';

const HELP = `hemolens store restore FILE

Fills an empty store from a backup, all or nothing; from PostgreSQL into a folder or the other way round, too. Give the restored
store the pseudonym key file of the one it was made from, or it will not know its patients again.

  FILE  what \`hemolens store backup\` wrote

${STORE_HELP}`;

/** `hemolens store restore` */
export function storeRestoreCommand(): Command {
  return {
    name: 'store restore',
    summary: 'fill an empty store from a backup',
    help: HELP,
    options: {},
    async run(args, terminal) {
      const file = oneArgument(args, 'file');
      terminal.out(JSON.stringify(await withStoreMade((sql) => restore(sql, file, Date.now()))));
      return EXIT.ok;
    },
  };
}
