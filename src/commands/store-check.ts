import { checkStore } from '../store/admin/check-store.js';
import { readKeyFile } from '../store/keys/key-file.js';
import { EXIT, type Command } from './command.js';
import { STORE_HELP, withStore } from './store-admin.js';

const HELP = `hemolens store check

Checks that the store opens, that its schema is the one of this version, that its pseudonym keys can be read, and prints how
many rows it holds, as JSON.

${STORE_HELP}

Exit code 1: something does not fit; the message says what to do.`;

/** `hemolens store check` */
export function storeCheckCommand(): Command {
  return {
    name: 'store check',
    summary: 'check the store and count what it holds',
    help: HELP,
    options: {},
    async run(_args, terminal) {
      const report = await withStore(async (sql, keysFile) => ({
        ...(await checkStore(sql)),
        pseudonymKeys: readKeyFile(keysFile).map(({ version }) => version),
      }));
      terminal.out(JSON.stringify(report, null, 2));
      return report.missingMigrations === 0 ? EXIT.ok : EXIT.fault;
    },
  };
}
