import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A folder of the open clinical datasets (HEMOLENS_DATA, else ../shared/data), or undefined where it is not there. */
export function sharedData(name: string): string | undefined {
  const folder = join(process.env['HEMOLENS_DATA'] ?? resolve('..', 'shared', 'data'), name);
  return existsSync(folder) ? folder : undefined;
}

/** Title of a suite that needs a dataset: says why it is skipped where the dataset is absent. */
export function needs(name: string, title: string): string {
  return sharedData(name) === undefined ? `${title} (skipped: dataset ${name} is not here; set HEMOLENS_DATA)` : title;
}
