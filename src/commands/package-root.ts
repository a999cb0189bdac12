import { fileURLToPath } from 'node:url';

/** A path inside the package, from its top. */
export function inPackage(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
