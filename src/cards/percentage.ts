/** Lower bounds of the tiers in per cent: a rounded figure must not show the next tier's number. */
const TIER_BOUNDS_PERCENT: readonly number[] = [3, 10, 25];

/**
 * A probability as people read it: `18 %`, `<1 %`, `>99 %`; never 0 % or 100 %. Just below a tier's bound one decimal is
 * kept, rounded down (`9.9 %`, not `10 %` beside the word "moderate").
 */
export function formatPercentage(probability: number): string {
  const percent = probability * 100;
  if (percent < 1) return '<1 %';
  if (percent > 99) return '>99 %';
  const rounded = Math.round(percent);
  if (TIER_BOUNDS_PERCENT.some((bound) => percent < bound && rounded >= bound)) {
    return `${Math.floor(percent * 10) / 10} %`;
  }
  return `${rounded} %`;
}
