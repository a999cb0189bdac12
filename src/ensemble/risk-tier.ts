import type { RiskTier } from './risk-prediction.js';

/** Lower bounds of the tiers, as calibrated probability; fixed before any evaluation was looked at. */
export const TIER_LOWER_BOUNDS: readonly { readonly tier: RiskTier; readonly from: number }[] = [
  { tier: 'very-high', from: 0.25 },
  { tier: 'high', from: 0.1 },
  { tier: 'moderate', from: 0.03 },
  { tier: 'low', from: 0 },
];

/** All tiers, from the lowest. */
export const RISK_TIERS: readonly RiskTier[] = ['low', 'moderate', 'high', 'very-high'];

/** Tier of a calibrated probability: <3 %, 3–10 %, 10–25 %, ≥25 %. */
export function riskTier(probability: number): RiskTier {
  return TIER_LOWER_BOUNDS.find(({ from }) => probability >= from)?.tier ?? 'low';
}
