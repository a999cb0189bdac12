import { readFileSync } from 'node:fs';
import { ServiceError } from '../errors/service-error.js';
import {
  isBloodProductsFile,
  isOverlayFile,
  type BloodProductsFile,
  type OverlayFile,
  type ScreeningPolicy,
} from './blood-product-schema.js';
import shipped from './blood-products.json' with { type: 'json' };
import { classifyIsbt128 } from './isbt-128.js';
import type { ProductClass } from './product-class.js';

/** Codes that name blood products, ready to look up, and what to do with what they do not settle. */
export interface BloodProductTable {
  readonly policy: ScreeningPolicy;
  /** Canonical system by every accepted spelling of it. */
  readonly systems: ReadonlyMap<string, string>;
  /** Class by `system|code`. */
  readonly classes: ReadonlyMap<string, ProductClass>;
  readonly patterns: readonly { readonly system: string; readonly pattern: RegExp; readonly class: ProductClass }[];
  readonly isbt128System: string;
}

export interface OrderCoding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

export const DEFAULT_SCREENING_POLICY: ScreeningPolicy = {
  textOnly: 'report',
  includeUnverified: true,
  ignoredIntents: ['proposal', 'option'],
};

/**
 * The shipped code table with a site's overlay on top; `policy` goes over the overlay's own.
 * Throws ERR_CONFIG naming the overlay's element when the file cannot be read or breaks its schema.
 */
export function loadBloodProductTable(overlayPath?: string, policy: Partial<ScreeningPolicy> = {}): BloodProductTable {
  const file: unknown = shipped;
  if (!isBloodProductsFile(file)) throw new ServiceError('ERR_INTERNAL', { detail: 'blood-products.json is damaged' });
  const overlay = overlayPath === undefined ? undefined : readOverlay(overlayPath);
  return buildTable(file, overlay, { ...DEFAULT_SCREENING_POLICY, ...overlay?.policy, ...policy });
}

function buildTable(
  file: BloodProductsFile,
  overlay: OverlayFile | undefined,
  policy: ScreeningPolicy,
): BloodProductTable {
  const systems = new Map<string, string>();
  for (const { uri, aliases } of Object.values(file.systems)) {
    for (const spelling of [uri, ...aliases]) systems.set(spelling, uri);
  }
  const uriOf = (key: string): string => file.systems[key]?.uri ?? key;
  const rows = file.codes.filter(({ evidence }) => policy.includeUnverified || evidence !== 'C');
  const classes = new Map<string, ProductClass>();
  for (const { system, code, class: productClass } of rows) classes.set(`${uriOf(system)}|${code}`, productClass);
  for (const { system, code, class: productClass } of overlay?.codes ?? []) {
    classes.set(`${canonicalSystem(systems, system)}|${code.trim()}`, productClass);
  }
  const patterns = file.patterns.map(({ system, pattern, class: productClass }) => ({
    system: uriOf(system),
    pattern: new RegExp(pattern),
    class: productClass,
  }));
  return { policy, systems, classes, patterns, isbt128System: uriOf('isbt128') };
}

/** What the table says about one coding; undefined where the code is not in it. The display decides only for ISBT 128. */
export function classifyCoding(
  table: BloodProductTable,
  { system, code, display }: OrderCoding,
): ProductClass | undefined {
  const canonical = canonicalSystem(table.systems, system);
  const known = table.classes.get(`${canonical}|${code}`);
  if (known) return known;
  if (canonical === table.isbt128System) return classifyIsbt128(code, display);
  return table.patterns.find((row) => row.system === canonical && row.pattern.test(code))?.class;
}

function canonicalSystem(systems: ReadonlyMap<string, string>, system: string): string {
  const bare = system.trim().split('|', 1)[0]?.replace(/\/$/, '') ?? '';
  return systems.get(bare) ?? bare;
}

function readOverlay(path: string): OverlayFile {
  let overlay: unknown;
  try {
    overlay = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ServiceError('ERR_CONFIG', { detail: 'the blood product overlay is not a readable JSON file', cause });
  }
  if (isOverlayFile(overlay)) return overlay;
  const error = isOverlayFile.errors?.[0];
  throw new ServiceError('ERR_CONFIG', {
    detail: `the blood product overlay breaks its schema: ${error?.message ?? 'invalid'}`,
    expression: `overlay${(error?.instancePath ?? '').replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.')}`,
  });
}
