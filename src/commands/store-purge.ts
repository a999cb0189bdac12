import { loadConfig } from '../config/config.js';
import { createLogger, logEvent } from '../logging/logger.js';
import { purge } from '../store/admin/purge.js';
import { EXIT, numberOption, type Command } from './command.js';
import { STORE_HELP, withStore } from './store-admin.js';

const HELP = `hemolens store purge [--older-than DAYS]

Removes assessments that are too old, with their cards, feedback and outcomes; clear identifiers nobody needs any more; and
tokens that have expired. Run it daily.

  --older-than  days an assessment is kept (default HEMOLENS_RETENTION_DAYS, then 365)

${STORE_HELP}`;

/** `hemolens store purge` */
export function storePurgeCommand(): Command {
  return {
    name: 'store purge',
    summary: 'remove what is older than the retention time',
    help: HELP,
    options: { 'older-than': { type: 'string' } },
    async run(args, terminal) {
      const config = loadConfig();
      const days = numberOption(args, 'older-than', config.retentionDays);
      const purged = await withStore((sql) => purge(sql, days, Date.now()));
      logEvent(createLogger(config), 'store.purged', purged);
      terminal.out(JSON.stringify(purged));
      return EXIT.ok;
    },
  };
}
