import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '../../../errors/service-error.js';

/** One file of a bulk export. */
export interface ExportFile {
  /** As in messages: `fhir/Encounter.ndjson.gz`. */
  readonly name: string;
  readonly path: string;
  readonly isCompressed: boolean;
}

const NDJSON = /\.ndjson(\.gz)?$/;

/**
 * The NDJSON files of an export, in the folder itself or else in its `fhir/`, by name.
 * Throws ERR_DATASET where there are none, or where one is there both plain and compressed.
 * @see https://hl7.org/fhir/uv/bulkdata/export.html (output files)
 */
export async function exportFiles(directory: string): Promise<readonly ExportFile[]> {
  for (const below of ['', 'fhir']) {
    const folder = join(directory, below);
    const names = existsSync(folder) ? (await readdir(folder)).filter((name) => NDJSON.test(name)).sort() : [];
    const twice = names.find((name) => names.includes(`${name}.gz`));
    if (twice !== undefined) {
      throw new ServiceError('ERR_DATASET', { detail: `${twice} is there plain and compressed: which one counts?` });
    }
    if (names.length > 0) {
      return names.map((name) => ({
        name: below === '' ? name : `${below}/${name}`,
        path: join(folder, name),
        isCompressed: name.endsWith('.gz'),
      }));
    }
  }
  throw new ServiceError('ERR_DATASET', { detail: 'no *.ndjson or *.ndjson.gz in the folder or its fhir/' });
}
