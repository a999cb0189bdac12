import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ServiceError } from '../../errors/service-error.js';
import { jsonLine } from '../json-line.js';
import type { Sql, SqlRow, SqlRunner } from '../sql/sql.js';
import { recordAudit } from './audit.js';
import { auditEventOf, disclosureEventOf, provenanceOf } from './fhir-audit.js';
import { tableRows, type TableName } from './table-rows.js';

export type ExportKind = 'ndjson' | 'fhir-audit';

/** Neither clear identifiers nor free text leave by an export. */
const EXPORTED: readonly TableName[] = ['assessment', 'card', 'feedback', 'outcome', 'audit_event'];

/**
 * Writes what the store holds, under pseudonyms, into a new folder: the tables as NDJSON, or the audit trail as FHIR R4
 * AuditEvent and Provenance NDJSON. The export itself is in the audit trail before its first line is written. Returns lines
 * by file. Throws ServiceError ERR_STORE when the folder exists.
 */
export async function exportRows(
  sql: Sql,
  folder: string,
  kind: ExportKind,
  nowMs: number,
): Promise<Readonly<Record<string, number>>> {
  if (existsSync(folder)) throw new ServiceError('ERR_STORE', { detail: `${folder} exists: name a new folder` });
  await recordAudit(sql, { action: 'export', agent: 'command', detail: { as: kind } }, nowMs);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = kind === 'ndjson' ? tableFiles(sql) : fhirFiles(sql);
  const counts: Record<string, number> = {};
  for (const [name, rows] of Object.entries(files)) {
    counts[name] = 0;
    const counted = async function* (): AsyncGenerator<string> {
      for await (const row of rows()) {
        counts[name] = (counts[name] ?? 0) + 1;
        yield `${jsonLine(row)}\n`;
      }
    };
    await pipeline(Readable.from(counted()), createWriteStream(join(folder, name), { mode: 0o600 }));
  }
  return counts;
}

type RowFiles = Readonly<Record<string, () => AsyncGenerator>>;

function tableFiles(sql: SqlRunner): RowFiles {
  return Object.fromEntries(EXPORTED.map((table) => [`${table}.ndjson`, () => tableRows(sql, table)]));
}

function fhirFiles(sql: SqlRunner): RowFiles {
  return {
    'AuditEvent.ndjson': async function* () {
      yield* mapped(tableRows(sql, 'assessment'), disclosureEventOf);
      yield* mapped(tableRows(sql, 'audit_event'), auditEventOf);
    },
    'Provenance.ndjson': () => mapped(tableRows(sql, 'assessment'), provenanceOf),
  };
}

async function* mapped(rows: AsyncGenerator<SqlRow>, map: (row: SqlRow) => unknown): AsyncGenerator {
  for await (const row of rows) yield map(row);
}
