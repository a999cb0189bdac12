import type { BloodProduct } from '../../../record/patient-record.js';
import type { Row } from './eicu-layout.js';
import { numberOf } from './eicu-time.js';

type Product = BloodProduct | 'unspecified';

/** Words of the flowsheets' cells, the pumps' names and the treatments' tails. No allogeneic product: albumin, salvaged cells. */
const PRODUCTS: readonly (readonly [RegExp, Product])[] = [
  [/whole blood/i, 'whole-blood'],
  [/rbcs?\b|red blood cell|red cell/i, 'rbc'],
  [/ffp|plasma/i, 'plasma'],
  [/cryo/i, 'cryo'],
  [/platelet/i, 'platelets'],
  [/granulocyte/i, 'granulocytes'],
];
const NOT_ALLOGENEIC = /albumin|cell ?saver|auto(?:logous|transfusion)/i;

function productOf(words: string): Product | undefined {
  if (NOT_ALLOGENEIC.test(words)) return undefined;
  return PRODUCTS.find(([pattern]) => pattern.test(words))?.[1] ?? 'unspecified';
}

/** The product of an `intakeOutput` cell (`...|Blood Products (ml)|pRBCs`) with a volume; undefined where it is none. */
export function productOfIntake(row: Row): Product | undefined {
  const cell = /Blood Products \(ml\)\|(.*)$/.exec(row['cellpath'] ?? '')?.[1];
  if (cell === undefined || !(numberOf(row['cellvaluenumeric']) > 0)) return undefined;
  return productOf(cell);
}

/** Is this infusion red cells? Salt water `for Blood Administration` is not. */
export function isRedCellInfusion(drugname: string): boolean {
  return /rbc/i.test(drugname);
}

/** Red cells that run at a rate above 0. */
export function productOfInfusion(row: Row): Product | undefined {
  return isRedCellInfusion(row['drugname'] ?? '') && numberOf(row['drugrate']) > 0 ? 'rbc' : undefined;
}

/** The product of a treatment (`...|blood product administration|fresh frozen plasma`); undefined where it is none. */
export function productOfTreatment(row: Row): Product | undefined {
  const tail = /blood product administration(.*)$/i.exec(row['treatmentstring'] ?? '')?.[1];
  return tail === undefined ? undefined : productOf(tail);
}
