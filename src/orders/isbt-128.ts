import type { ProductClass } from './product-class.js';

/** ISBT 128 product description codes of blood components, with or without the attribute part. */
const BLOOD_COMPONENT = /^E\d{4}[A-Z0-9]{0,3}$/;

/** Class names of the standard, most telling first: "platelet rich plasma" is platelets. */
const CLASS_NAMES: readonly (readonly [RegExp, ProductClass])[] = [
  [/GRANULOCYTE|LEUKOCYTES\b(?! REDUCED)/, 'granulocytes'],
  [/PLATELET/, 'platelets'],
  [/RED BLOOD CELL/, 'rbc'],
  [/CRYOPRECIPITATE/, 'cryo'],
  [/WHOLE BLOOD/, 'whole-blood'],
  [/PLASMA/, 'plasma'],
];

/**
 * Class of an ISBT 128 product code, by the class name that starts its description (`Apheresis PLATELETS|ACD-A|...`).
 * The code list itself is licensed and not shipped. A blood component code that tells no class is unspecified.
 */
export function classifyIsbt128(code: string, display: string | undefined): ProductClass | undefined {
  if (!BLOOD_COMPONENT.test(code)) return undefined;
  const className = (display ?? '').split('|', 1)[0]?.toUpperCase() ?? '';
  return CLASS_NAMES.find(([pattern]) => pattern.test(className))?.[1] ?? 'unspecified';
}
