import { backup } from '../store/admin/backup.js';
import { EXIT, requiredOption, type Command } from './command.js';
import { STORE_HELP, withStore } from './store-admin.js';

const HELP = `hemolens store backup --out FILE

Writes everything the store holds at one moment, clear identifiers included, into a gzipped file that this user alone may read
and that either engine restores. The pseudonym keys are not in it: keep a copy of their file apart from the backup.

  --out  file to write; it appears when it is whole

${STORE_HELP}`;

/** `hemolens store backup` */
export function storeBackupCommand(): Command {
  return {
    name: 'store backup',
    summary: 'write everything the store holds into a file',
    help: HELP,
    options: { out: { type: 'string' } },
    async run(args, terminal) {
      const out = requiredOption(args, 'out');
      terminal.out(JSON.stringify(await withStore((sql) => backup(sql, out, Date.now()))));
      return EXIT.ok;
    },
  };
}
