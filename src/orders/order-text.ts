const LONGEST_TEXT = 300;

/** Words that name something else: tests, reactions, donations, other things made of plasma. */
const SOMETHING_ELSE: readonly RegExp[] = [
  /\btype\s*(and|&|\/|\+)\s*(screen|cross)/,
  /\b(group|type)\s*(and|&)\s*(save|hold)/,
  /^(\w+ )?cross[ -]?match\b|\bcross[ -]?match only\b/,
  /\bantibod(y|ies)\b/,
  /\b(direct|indirect)\s+antiglobulin\b|\bcoombs\b/,
  /\btransfusion\s+(reaction|medicine|service|consult|history|consent|threshold)/,
  /\bconsent\b/,
  /\b(autologous|blood|plasma|platelet)\s+(blood\s+)?donation\b|\bdonor (screen|test|lymphocyte)/,
  /\bphlebotomy\b/,
  /\bcultures?\b/,
  /\bcord blood\b|\bblood gas/,
  /\bmetanephrines?\b/,
  /\b(count|function|aggregation|inhibition|mapping|morphology|indices|distribution|width|volume|phenotype|genotype|genotyping|folate|survival)\b|\bantigen (typing|testing|panel|screen)/,
  /\banti-?platelet\b/,
  /\bplasma-?lyte\b/,
  /\b(albumin|immune globulin|immunoglobulin|ivig|prothrombin complex|factor (vii|viii|ix|xiii))\b/,
  /\b(urine|urinalysis|stool|csf|fluid)\b.*\b(rbcs?|red)\b/,
  /\b(iron|stem cell|bone marrow)\b/,
];

const PRODUCT =
  /\b(transfus\w*|units?|prepare|packed|leuko\w*|irradiated|pheresis|apheresis|pooled|give|infuse|administer)\b/;

const NAMES_A_PRODUCT: readonly RegExp[] = [
  /\btransfus(e|es|ed|ing|ion|ions)\b/,
  /\bmassive (transfusion|haemorrhage|hemorrhage|bleeding) protocol\b/,
  /\b(prbcs?|packed (red )?(blood )?cells?|packed rbcs?|erythrocyte concentrates?)\b/,
  /^red (blood )?cells?$|^platelets?$|^plasma$/,
  /\bfresh frozen plasma\b|\bfrozen plasma\b|\bthawed plasma\b|\bffp\b/,
  /\bcryoprecipitate[sd]?\b/,
  /\bblood products?\b/,
  /\bltowb\b/,
];

const NEEDS_A_PRODUCT_WORD = /\b(rbcs?|red (blood )?cells?|platelets?|plt|plasma|cryo|whole blood|granulocytes?)\b/;

/**
 * Do these words, and nothing else, say that an order is for a blood product?
 * A hint for people: the code table decides, text alone never does so silently.
 */
export function namesBloodProduct(text: string): boolean {
  const words = text.slice(0, LONGEST_TEXT).toLowerCase().replace(/\s+/g, ' ').trim();
  if (SOMETHING_ELSE.some((pattern) => pattern.test(words))) return false;
  if (NAMES_A_PRODUCT.some((pattern) => pattern.test(words))) return true;
  return NEEDS_A_PRODUCT_WORD.test(words) && PRODUCT.test(words);
}
