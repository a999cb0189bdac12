export interface ListedPackage {
  readonly ecosystem: 'npm' | 'python';
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly dev: boolean;
}
export function isAllowed(name: string, expression: string): boolean;
export function npmPackages(lock: { readonly packages: Readonly<Record<string, object>> }): readonly ListedPackage[];
export function pythonPackage(metadata: string): ListedPackage;
