import table from './charlson-codes.json' with { type: 'json' };

export interface CharlsonCategory {
  /** `myocardial-infarction`; what `ConditionEntry.charlson` holds. */
  readonly key: string;
  /** Weight in the original index (Charlson 1987). */
  readonly weight: number;
}

/** The 17 categories, in the order of the paper. */
export const CHARLSON_CATEGORIES: readonly CharlsonCategory[] = table.categories.map(({ key, weight }) => ({
  key,
  weight,
}));

const prefixesByVersion = { 9: compile('icd9'), 10: compile('icd10') } as const;

/**
 * The Charlson categories of an ICD code (with or without the dot); empty where it belongs to none. One code can belong
 * to two (hypertensive heart and kidney disease).
 * @see Quan et al. 2005, Med Care 43(11):1130-9
 */
export function charlsonOfIcd(version: 9 | 10, code: string): readonly string[] {
  const plain = code.replace('.', '').trim().toUpperCase();
  return prefixesByVersion[version].flatMap(({ key, ranges }) =>
    ranges.some(([low, high]) => {
      const prefix = plain.slice(0, low.length);
      return prefix.length === low.length && prefix >= low && prefix <= high;
    })
      ? [key]
      : [],
  );
}

function compile(version: 'icd9' | 'icd10'): readonly {
  readonly key: string;
  readonly ranges: readonly (readonly [string, string])[];
}[] {
  return table.categories.map((category) => ({
    key: category.key,
    ranges: category[version].map((range): [string, string] => {
      const [low = range, high = low] = range.split('-');
      return [low, high];
    }),
  }));
}
