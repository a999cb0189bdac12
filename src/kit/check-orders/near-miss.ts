import type { BloodProductTable } from '../../orders/blood-product-table.js';
import type { ProductClass } from '../../orders/product-class.js';

/** A coding as written, spaces and all; either part may be missing. */
export interface WrittenCoding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

/** A coding that is a row of the table but for how it is written. */
export interface NearMiss {
  /** `spelling`: the code; `system`: another name for it; `no-system`: none given. */
  readonly kind: 'spelling' | 'system' | 'no-system';
  readonly known: { readonly system: string; readonly code: string; readonly class: ProductClass };
}

/** Words by which people name the code systems of the table, in lower case without punctuation. */
const NAMES_OF: readonly (readonly [RegExp, string])[] = [
  [/snomed|sct|2168401113883696$/, 'http://snomed.info/sct'],
  [/hcpcs|21684011138836285$/, 'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets'],
  [/amaassn|cpt|21684011138836(12|82)$/, 'http://www.ama-assn.org/go/cpt'],
  [/0426/, 'http://terminology.hl7.org/CodeSystem/v2-0426'],
  [/isbt|iccbba|2168401113883618$/, 'https://iccbba.org/standardterminology'],
  [/loinc|216840111388361$/, 'http://loinc.org'],
];

/** Finds near misses by the codes of a table. */
export class NearMisses {
  readonly #rows = new Map<string, NearMiss['known'][]>();

  constructor(table: BloodProductTable) {
    for (const [key, productClass] of table.classes) {
      const at = key.lastIndexOf('|');
      const row = { system: key.slice(0, at), code: key.slice(at + 1), class: productClass };
      const same = this.#rows.get(plain(row.code));
      if (same) same.push(row);
      else this.#rows.set(plain(row.code), [row]);
    }
  }

  /**
   * What a coding that the table does not know was meant for. A number alone proves nothing (sites number their orders too): a code under a
   * system that is not the table's counts only where the system's name says so, or `saysBlood` does.
   */
  find({ system, code }: WrittenCoding, saysBlood: boolean): NearMiss | undefined {
    const rows = this.#rows.get(plain(code)) ?? [];
    const named = NAMES_OF.find(([pattern]) => pattern.test(system.toLowerCase().replace(/[^a-z0-9]/g, '')))?.[1];
    const ofSystem = rows.find((row) => row.system === named);
    if (ofSystem) return { kind: ofSystem.system === system.trim() ? 'spelling' : 'system', known: ofSystem };
    const [known] = rows;
    if (!known || (!saysBlood && !(system.trim() === '' && known.code.length >= 7))) return undefined;
    return { kind: system.trim() === '' ? 'no-system' : 'system', known };
  }
}

function plain(code: string): string {
  return code.replace(/[\s-]/g, '').toUpperCase();
}
