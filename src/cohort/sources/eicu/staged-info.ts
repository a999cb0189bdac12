import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableName } from './eicu-layout.js';
import type { IntakeShiftMinutes } from './transfusions.js';

/** What a worker must know beside the rows: written with them, so that it needs nothing else. */
export interface StagedInfo {
  readonly intakeShiftMinutes: IntakeShiftMinutes;
  /** Tables of the dataset. */
  readonly tables: readonly TableName[];
  /** Do hourly values stand in for these? */
  readonly hourly: { readonly labs: boolean; readonly vitals: boolean };
  /** Hospitals that use a table at all: elsewhere "no row" says nothing. */
  readonly chartingHospitals: Readonly<Partial<Record<TableName, readonly string[]>>>;
}

const FILE = 'staged.json';

/** Keeps it in the staged folder. */
export async function saveStagedInfo(folder: string, info: StagedInfo): Promise<void> {
  await writeFile(join(folder, FILE), JSON.stringify(info));
}

/** Reads back what `saveStagedInfo` wrote. */
export async function loadStagedInfo(folder: string): Promise<StagedInfo> {
  return JSON.parse(await readFile(join(folder, FILE), 'utf8')) as StagedInfo;
}
