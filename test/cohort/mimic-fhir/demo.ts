import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

function folderOf(name: string): string | undefined {
  const folder = fileURLToPath(new URL(`../../../../shared/data/${name}`, import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** The demo by both roads; undefined where it is not here. */
export const demoExport = folderOf('mimic-iv-demo-fhir-2.1.0');
export const demoTables = folderOf('mimic-iv-demo-2.2');

/** The title, with why it is skipped where the demo is not here. */
export function ofDemo(title: string): string {
  return demoExport !== undefined && demoTables !== undefined
    ? title
    : `${title} (skipped: mimic-iv-demo-fhir-2.1.0 or mimic-iv-demo-2.2 is not in shared/data)`;
}
