/** SQL conditions that narrow each table to rows that may be blood products; `blood-products.ts` decides. */
export const INTAKE_BLOOD = `contains(cellpath, 'Blood Products (ml)|')`;
export const INFUSED_RED_CELLS = `regexp_matches(drugname, 'rbc', 'i')`;
export const TREATED_WITH_BLOOD = `regexp_matches(treatmentstring, 'blood product administration', 'i')`;
