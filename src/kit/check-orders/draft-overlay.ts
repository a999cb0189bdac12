import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceError } from '../../errors/service-error.js';
import { isOverlayFile, type OverlayFile } from '../../orders/blood-product-schema.js';
import { classifyCoding, loadBloodProductTable, type BloodProductTable } from '../../orders/blood-product-table.js';
import { productsInWords } from './blood-words.js';
import type { CheckedOrders, LooksLikeBlood } from './check-orders.js';
import type { WrittenCoding } from './near-miss.js';

type OverlayRow = NonNullable<OverlayFile['codes']>[number];

/** A group that no row can be proposed for, and why. */
export interface LeftToPeople {
  readonly group: LooksLikeBlood;
  readonly why: string;
}

export interface OverlayDraft {
  readonly overlay: OverlayFile;
  /** How many rows are new. */
  readonly rows: number;
  readonly leftToPeople: readonly LeftToPeople[];
}

/** An overlay with a row for each code that looks like blood, on top of the one that is in use. */
export function draftOverlay(
  { looksLikeBlood, otherCodes }: CheckedOrders,
  table: BloodProductTable,
  inUse: OverlayFile = { overlayVersion: 1 },
): OverlayDraft {
  const rows = new Map<string, OverlayRow>();
  const leftToPeople: LeftToPeople[] = [];
  for (const group of looksLikeBlood) {
    const chosen = codingsToMap(group, table, otherCodes);
    if (typeof chosen === 'string') leftToPeople.push({ group, why: chosen });
    else {
      for (const coding of chosen) {
        const key = `${coding.system}|${coding.code}`;
        const before = rows.get(key);
        const isContested = before !== undefined && before.class !== group.suggested;
        rows.set(key, rowOf(coding, isContested ? 'unspecified' : group.suggested, group));
      }
    }
  }
  const codes = [...(inUse.codes ?? []), ...rows.values()];
  return { overlay: { ...inUse, codes }, rows: rows.size, leftToPeople };
}

/** The codings of a group that a row would settle; or why there are none. */
function codingsToMap(
  { codings }: LooksLikeBlood,
  table: BloodProductTable,
  otherCodes: ReadonlySet<string>,
): readonly WrittenCoding[] | string {
  if (codings.length === 0) return 'no code: only its words name blood; the ordering screen must send a code';
  const withSystem = codings.filter(({ system }) => system !== '');
  if (withSystem.length === 0) return 'its code has no system; the interface must send one';
  const open = withSystem.filter((coding) => classifyCoding(table, coding) === undefined);
  const own = open.filter(({ system, code }) => !otherCodes.has(`${system}|${code}`));
  if (own.length === 0)
    return 'its code is used for orders of other things too; the ordering screen must send a code of its own';
  const telling = own.filter(({ display }) => display !== undefined && productsInWords([display]).length > 0);
  if (telling.length > 0) return telling;
  return own.length === 1 ? own : 'several codes, and none of their displays names blood: choose the one that does';
}

function rowOf(
  { system, code, display }: WrittenCoding,
  productClass: OverlayRow['class'],
  group: LooksLikeBlood,
): OverlayRow {
  const why = group.nearMiss
    ? `meant for ${group.nearMiss.known.system}|${group.nearMiss.known.code}`
    : 'named so by its words';
  return {
    system,
    code,
    display: display ?? code,
    class: productClass,
    note: `proposed by kit check-orders, ${why}: to be reviewed`,
  };
}

/** The text of an overlay file that the service's own loader takes, and the table it makes. Throws ERR_CONFIG where it does not. */
export async function checkedOverlay(
  overlay: OverlayFile,
): Promise<{ readonly text: string; readonly table: BloodProductTable }> {
  const text = `${JSON.stringify(overlay, null, 2)}\n`;
  const folder = await mkdtemp(join(tmpdir(), 'hemolens-overlay-'));
  try {
    const path = join(folder, 'overlay.json');
    await writeFile(path, text);
    return { text, table: loadBloodProductTable(path) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An overlay file that is in use. Throws ERR_CONFIG as the service's start does. */
export async function readOverlayInUse(
  path: string,
): Promise<{ readonly overlay: OverlayFile; readonly table: BloodProductTable }> {
  const table = loadBloodProductTable(path);
  const overlay: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (!isOverlayFile(overlay)) throw new ServiceError('ERR_CONFIG', { detail: `${path} changed while it was read` });
  return { overlay, table };
}
