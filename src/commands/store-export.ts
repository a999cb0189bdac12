import { exportRows } from '../store/admin/export.js';
import { EXIT, requiredOption, textOption, UsageError, type Command } from './command.js';
import { STORE_HELP, withStore } from './store-admin.js';

const HELP = `hemolens store export --out FOLDER [--as ndjson|fhir-audit]

Writes what the store holds, under pseudonyms and without free text, into a new folder. The export is in the audit trail.

  --out  folder to make; refused when it exists
  --as   ndjson: the tables, one file each (default); fhir-audit: the audit trail as FHIR R4 AuditEvent and Provenance

${STORE_HELP}`;

/** `hemolens store export` */
export function storeExportCommand(): Command {
  return {
    name: 'store export',
    summary: 'write assessments, or the audit trail in FHIR, to a folder',
    help: HELP,
    options: { out: { type: 'string' }, as: { type: 'string' } },
    async run(args, terminal) {
      const out = requiredOption(args, 'out');
      const kind = textOption(args, 'as') ?? 'ndjson';
      if (kind !== 'ndjson' && kind !== 'fhir-audit') throw new UsageError('--as is ndjson or fhir-audit');
      terminal.out(JSON.stringify(await withStore((sql) => exportRows(sql, out, kind, Date.now())), null, 2));
      return EXIT.ok;
    },
  };
}
