import { writeFile } from 'node:fs/promises';
import { ServiceError } from '../errors/service-error.js';
import {
  checkOrders,
  type CheckedGroup,
  type CheckedOrders,
  type LooksLikeBlood,
} from '../kit/check-orders/check-orders.js';
import {
  checkedOverlay,
  draftOverlay,
  readOverlayInUse,
  type OverlayDraft,
} from '../kit/check-orders/draft-overlay.js';
import { readOrders, type ReadOrders } from '../kit/check-orders/read-orders.js';
import { fhirServerAccess } from '../kit/fhir-server/fhir-server-access.js';
import { serverWords } from '../kit/fhir-server/inspect-fhir-server.js';
import { loadBloodProductTable } from '../orders/blood-product-table.js';
import { EXIT, hasFlag, numberOption, textOption, UsageError, type Command, type Terminal } from './command.js';
import {
  FHIR_SERVER_HELP,
  FHIR_SERVER_OPTIONS,
  fhirTargetOf,
  findServer,
  printProblem,
} from './fhir-server-options.js';

const HELP = `hemolens kit check-orders --fhir URL [--since DATE] [--max N] [--overlay FILE] [--out FILE] [--json]

Reads a site's orders (ServiceRequest, MedicationRequest) and its catalogue (ActivityDefinition, PlanDefinition, ChargeItemDefinition,
Medication) and tells which would be screened as which blood product, and which look like blood but are not in the code table; for those it
writes an overlay file to be reviewed. Reads only; prints codes, displays and counts, nothing about any patient.

${FHIR_SERVER_HELP}
  --since       only orders written on this date or later (2026-01-31)
  --max         orders of a type at most, the newest first (default 5000)
  --overlay     overlay file in use: its codes count as known and are kept in the new one
  --out         file for the overlay (default: printed); a file that is there is not written over
  --json        end with one line of JSON

Exit code 0: the orders could be read, whatever was found.`;

/** `hemolens kit check-orders` */
export function kitCheckOrdersCommand(): Command {
  return {
    name: 'kit check-orders',
    summary: "which of a site's orders are blood products, and which look so and are missed",
    help: HELP,
    options: {
      ...FHIR_SERVER_OPTIONS,
      since: { type: 'string' },
      max: { type: 'string' },
      overlay: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean' },
    },
    run: async (args, terminal) => {
      if (args.positionals.length > 0) throw new UsageError('it takes options only');
      const target = await fhirTargetOf(args);
      const since = textOption(args, 'since');
      if (since !== undefined && !/^\d{4}(-\d\d(-\d\d)?)?$/.test(since))
        throw new UsageError(`--since ${since}: no date like 2026-01-31`);
      const max = numberOption(args, 'max', 5000);
      if (max === 0) throw new UsageError('--max must be 1 or more');
      const path = textOption(args, 'overlay');
      const inUse = path === undefined ? undefined : await readOverlayInUse(path);
      const server = await findServer(target, 'kit check-orders', terminal);
      if (!server) return EXIT.fault;
      const access = fhirServerAccess(target.fhirBase, target.connection);
      const read = await readOrders(access, server, {
        ...(since === undefined ? {} : { since }),
        max,
        onProgress: (type, count) => terminal.progress(`${type}: ${count} read`),
      }).finally(() => access.agent.destroy());
      terminal.progress('');
      if (read.kind !== 'read') {
        printProblem(read, target.fhirBase, 'kit check-orders', terminal);
        return EXIT.fault;
      }
      const table = inUse?.table ?? loadBloodProductTable();
      const checked = checkOrders(read.items, table);
      const draft = draftOverlay(checked, table, inUse?.overlay);
      terminal.out(`server    ${serverWords(server)}`);
      printRead(read, terminal);
      printChecked(checked, terminal);
      await printOverlay(draft, textOption(args, 'out'), terminal);
      if (hasFlag(args, 'json')) {
        const { screened, knownOtherwise, looksLikeBlood, other } = checked;
        terminal.out(
          JSON.stringify({ read: read.notes, screened, knownOtherwise, looksLikeBlood, other, overlay: draft.overlay }),
        );
      }
      return EXIT.ok;
    },
  };
}

function printRead({ notes }: ReadOrders, terminal: Terminal): void {
  terminal.out(`read      ${notes.map(({ type, count }) => `${type} ${count}`).join(', ')}`);
  for (const { type, remark } of notes) if (remark !== undefined) terminal.err(`${type}: ${remark}`);
}

function printChecked({ screened, knownOtherwise, looksLikeBlood, other }: CheckedOrders, terminal: Terminal): void {
  printSection(
    terminal,
    'Screened as a blood product',
    screened.map((group) => [group.product, group]),
  );
  printSection(
    terminal,
    'Looks like blood, not in the code table: no card of risk',
    looksLikeBlood.map((group) => [`${group.suggested}?`, group, whyOf(group)]),
  );
  printSection(
    terminal,
    'In the code table as something else: no card, by design',
    knownOtherwise.map((group) => [group.class, group]),
  );
  terminal.out(
    `\nOther: ${other.orders} orders and ${other.catalogue} items of the catalogue, ${other.groups} different`,
  );
}

function printSection(
  terminal: Terminal,
  title: string,
  rows: readonly (readonly [string, CheckedGroup, string?])[],
): void {
  terminal.out(`\n${title}: ${rows.length === 0 ? 'none' : ''}`.trimEnd());
  for (const [name, group, why] of rows) {
    const said = [why, group.isUntidy ? 'some with spaces around the code' : undefined].filter(
      (one) => one !== undefined,
    );
    const remark = said.length === 0 ? '' : `  (${said.join('; ')})`;
    terminal.out(`  ${name.padEnd(20)}${countOf(group).padEnd(26)}${codingsOf(group)}${remark}`);
  }
}

function countOf({ orders, catalogue }: CheckedGroup): string {
  return catalogue === 0 ? `${orders} ordered` : `${orders} ordered, ${catalogue} in catalogue`;
}

function codingsOf({ codings }: CheckedGroup): string {
  if (codings.length === 0) return 'no code, words only';
  return codings
    .map(
      ({ system, code, display }) =>
        `${system === '' ? '(no system)' : system}|${code}${display === undefined ? '' : ` ${display}`}`,
    )
    .join(' + ');
}

function whyOf({ nearMiss, words }: LooksLikeBlood): string {
  const known = nearMiss && `${nearMiss.known.system}|${nearMiss.known.code}`;
  switch (nearMiss?.kind) {
    case 'spelling':
      return `the table has ${known ?? ''}: another spelling`;
    case 'system':
      return `the table has ${known ?? ''}: another system`;
    case 'no-system':
      return `the table has ${known ?? ''}: here without a system`;
    case undefined:
      return words.length === 0 ? 'by its words' : `words: ${words.join(', ')}`;
  }
}

async function printOverlay(draft: OverlayDraft, out: string | undefined, terminal: Terminal): Promise<void> {
  for (const { group, why } of draft.leftToPeople) terminal.out(`\nBy hand: ${codingsOf(group)}: ${why}`);
  if (draft.rows === 0) {
    terminal.out('\nNo overlay is needed for codes.');
    return;
  }
  const { text } = await checkedOverlay(draft.overlay);
  terminal.out(
    `\n${draft.rows} codes to add${out === undefined ? ', as an overlay file:' : ` are in ${out}`}. Review the classes, then start the service with HEMOLENS_ORDERS_OVERLAY_PATH set to that file.`,
  );
  if (out === undefined) {
    terminal.out(text.trimEnd());
    return;
  }
  await writeFile(out, text, { flag: 'wx' }).catch((cause: unknown) => {
    throw new ServiceError('ERR_CONFIG', {
      detail: `${out} is there already or cannot be written: name another file`,
      cause,
    });
  });
}
