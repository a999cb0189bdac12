import type { DuckDBConnection } from '@duckdb/node-api';
import { ServiceError } from '../../../errors/service-error.js';
import { csvFault } from '../../csv/csv-fault.js';
import { requireCsv, scanOf } from '../../csv/csv-file.js';
import labels from './item-labels.json' with { type: 'json' };

const DICTIONARIES = [
  ['d_items', 'icu/d_items'],
  ['d_labitems', 'hosp/d_labitems'],
] as const;
type ItemDictionary = (typeof DICTIONARIES)[number][0];

/** Label of every item that is read, frozen from the MIMIC-IV demo 2.2: public code gets several of these ids wrong. */
export const MIMIC_ITEM_LABELS: Readonly<Record<ItemDictionary, Readonly<Record<string, string>>>> = labels;

/**
 * Asserts that every item id means in this release what it meant when the list was frozen; case, blanks and punctuation do
 * not count. Returns the items this release does not have. Throws ERR_DATASET naming the item that means something else.
 */
export async function assertItemLabels(connection: DuckDBConnection, directory: string): Promise<readonly string[]> {
  const absent: string[] = [];
  for (const [dictionary, table] of DICTIONARIES) {
    const file = await requireCsv(directory, table, ['itemid', 'label']);
    const found = await labelsIn(connection, scanOf(file)).catch(async (cause: unknown) => {
      throw await csvFault(file, cause);
    });
    for (const [item, label] of Object.entries(MIMIC_ITEM_LABELS[dictionary])) {
      const stands = found.get(item);
      if (stands === undefined) absent.push(`${dictionary} ${item} (${label})`);
      else if (plain(stands) !== plain(label)) {
        throw new ServiceError('ERR_DATASET', {
          detail: `${file.name}: item ${item} is "${stands}", expected "${label}": its values would be taken for another thing`,
        });
      }
    }
  }
  return absent;
}

async function labelsIn(connection: DuckDBConnection, scan: string): Promise<ReadonlyMap<string, string>> {
  const rows = (await connection.runAndReadAll(`SELECT itemid, label FROM ${scan}`)).getRows();
  return new Map(rows.map(([item, label]) => [String(item), label === null ? '' : String(label)]));
}

function plain(label: string): string {
  return label.toLowerCase().replaceAll(/[^a-z0-9%]+/g, '');
}
