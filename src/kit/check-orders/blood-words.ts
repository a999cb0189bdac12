import { namesBloodProduct } from '../../orders/order-text.js';
import type { ProductClass } from '../../orders/product-class.js';

const LONGEST_TEXT = 300;

/** Names of products in orders of English, German, French, Spanish and Dutch sites, without accents; never the name of a test. */
const PRODUCT_NAMES: readonly (readonly [RegExp, ProductClass])[] = [
  [/\b(red (blood )?cell|erythrocyte|prbc|rbc) (concentrate|pack|unit)s?\b/, 'rbc'],
  [/\berythro[cz]yten-?\s?(konzentrat|konserve|concentraat|concentraten)\w*/, 'rbc'],
  [/\berytrocyten-?\s?concentra\w+|\bculots? (globulaire|erythrocytaire)s?\b/, 'rbc'],
  [/\bconcentres? (de |en )?(globules rouges|hematies|erythrocytaires?)\b/, 'rbc'],
  [/\bconcentrados? de (hematies|globulos rojos|eritrocitos)\b|\bpaquetes? globular(es)?\b/, 'rbc'],
  [/\b(platelet|thrombocyte) (concentrate|pack|unit)s?\b/, 'platelets'],
  [/\bthrombo[cz]yten-?\s?(konzentrat|konserve|concentraat)\w*|\btrombocyten-?\s?concentra\w+/, 'platelets'],
  [/\bconcentres? (de plaquettes|plaquettaires?)\b/, 'platelets'],
  [/\bconcentrados? de plaquetas\b|\bplaquetas por aferesis\b/, 'platelets'],
  [
    /\b(gefrier|frisch)plasma\b|\bplasma frais\b|\bplasma fresco\b|\bbevroren plasma\b|\btherapeutisches plasma\b/,
    'plasma',
  ],
  [/\bkryoprazipitat\w*|\bcryoprecipite\w*|\bcrioprecipitados?\b|\bcryoprecipitaat\b/, 'cryo'],
  [/\bvollblut(konserve)?\w*|\bsang total\b|\bsangre (total|completa)\b|\bvolbloed\b/, 'whole-blood'],
  [/\bgranulo[cz]yten-?\s?(konzentrat|concentraat)\w*/, 'granulocytes'],
  [
    /\bbluttransfusion\w*|\bblutkonserven?\b|\bblutprodukte?\b|\btransfundieren\b|\bbloed(transfusie|product)\w*/,
    'unspecified',
  ],
  [
    /\btransfuser\b|\bproduits? sanguins? labile?s?\b|\btransfundir\b|\bhemocomponentes?\b|\btransfusie\b/,
    'unspecified',
  ],
];

/** What a text that names a product is about; looked for only in texts that do. */
const CLASS_WORDS: readonly (readonly [RegExp, ProductClass])[] = [
  [/\b(prbcs?|rbcs?|red (blood )?cells?|packed cells?|erythrocytes?)\b/, 'rbc'],
  [/\b(platelets?|plt|thrombocytes?)\b/, 'platelets'],
  [/\b(ffp|plasma)\b/, 'plasma'],
  [/\bcryo(precipitate[sd]?)?\b/, 'cryo'],
  [/\bwhole blood\b|\bltowb\b/, 'whole-blood'],
  [/\bgranulocytes?\b/, 'granulocytes'],
];

/** Tests, papers and mishaps about products. */
const SOMETHING_ELSE =
  /antikorper|anticorps|anticuerpo|antistof|reaktion|reaction|reaccion|reactie|einwilligung|consentement|consentimiento|toestemming|spende|\bdon de\b|donacion|donatie|kreuzprobe|aufklarung/;

/**
 * The products that texts of an order name, so far as words can tell: `unspecified` where they name blood and not which, none where they
 * name something else. The service's own reading comes first; names in other languages are beyond it.
 */
export function productsInWords(texts: readonly string[]): readonly ProductClass[] {
  const found = new Set<ProductClass>();
  for (const text of texts) {
    const words = folded(text);
    const named = PRODUCT_NAMES.filter(([pattern]) => !SOMETHING_ELSE.test(words) && pattern.test(words));
    for (const [, product] of named) found.add(product);
    if (!namesBloodProduct(text)) continue;
    const told = CLASS_WORDS.filter(([pattern]) => pattern.test(words));
    for (const [, product] of told) found.add(product);
    if (told.length === 0) found.add('unspecified');
  }
  if (found.size > 1) found.delete('unspecified');
  return [...found].sort();
}

/** Lower case, without accents, in single spaces. */
function folded(text: string): string {
  return text.slice(0, LONGEST_TEXT).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim();
}
