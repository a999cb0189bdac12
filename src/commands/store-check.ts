import { existsSync } from 'node:fs';
import { checkStore } from '../store/admin/check-store.js';
import { readKeyFile } from '../store/keys/key-file.js';
import { EXIT, type Command } from './command.js';
import { STORE_HELP, withStore } from './store-admin.js';

const HELP = `hemolens store check

Checks that the store opens, that its schema is the one of this version, that its pseudonym keys can be read, and prints how
many rows it holds and what became of the cards that were sent, as JSON. It makes nothing that is not there.

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
        pseudonymKeys: existsSync(keysFile) ? readKeyFile(keysFile).map(({ version }) => version) : [],
      }));
      terminal.out(JSON.stringify(report, null, 2));
      if (report.pseudonymKeys.length === 0 && (report.rows['assessment'] ?? 0) > 0) {
        terminal.err(
          'the pseudonym key file is gone: without it the store does not know its patients again; bring it back',
        );
        return EXIT.fault;
      }
      if (report.missingMigrations > 0) {
        terminal.err("steps of the schema are missing: 'hemolens store migrate' applies them");
        return EXIT.fault;
      }
      return EXIT.ok;
    },
  };
}
