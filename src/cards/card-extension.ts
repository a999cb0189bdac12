import type { RiskAssessment } from '../assessment/risk-assessment.js';
import type { RiskPrediction } from '../ensemble/risk-prediction.js';
import type { Driver, Explanation } from '../explanation/explanation.js';
import type { ChartGaps } from './chart-gaps.js';

export const ASSESSMENT_EXTENSION = 'org.hemolens.assessment';

/** By this member clients tie a card to the orders it is about. @see requirement 47 */
export const ASSOCIATED_RESOURCE_EXTENSION = 'davinci-crd.associated-resource';

/** A local reference with an id; drafts may have none. */
const LOCAL_REFERENCE = /^[A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;

/**
 * The card for machines. Members without a value are left out, also `unavailable` and `drivers` when there are none:
 * an empty list may not be sent (req. 2). Probability and contributions are unrounded; units are UCUM; times ISO 8601 UTC.
 */
export function assessmentExtension(assessment: RiskAssessment, gaps: ChartGaps): Record<string, unknown> {
  const { assessmentId, predictionTimeMs, orders, outcome, inIcu, tensors, textOnly } = assessment;
  const scored = outcome.kind === 'scored' ? outcome : undefined;
  const content = {
    assessmentId,
    ...(scored ? predictionMembers(scored.prediction) : {}),
    notScored: outcome.kind === 'not-scored' ? outcome.reason : undefined,
    predictionTime: isoTime(predictionTimeMs),
    modalities: { ...tensors.modalities },
    inIcu,
    modalitiesUsed: scored && { ...scored.prediction.modalities },
    learners: scored && learnerMembers(scored.prediction, scored.explanation),
    drivers: scored?.explanation.drivers.map(driverMember),
    unavailable: gaps.unavailable.map(({ source, reason }) => ({ source, reason })),
    partlyCovered: gaps.partlyCovered.map(({ source, sinceMs }) => ({ source, since: isoTime(sinceMs) })),
    withheldNotes: gaps.withheldNotes > 0 ? gaps.withheldNotes : undefined,
    linkedRecords: gaps.linkedRecords > 0 ? gaps.linkedRecords : undefined,
    orders: orders.map(({ reference, products, orderedUnits }) => ({ reference, products, orderedUnits })),
    textOnlyOrders: textOnly,
  };
  const references = [...new Set(orders.map(({ reference }) => reference))].filter((one) => LOCAL_REFERENCE.test(one));
  return {
    [ASSESSMENT_EXTENSION]: withoutEmpty(content),
    ...(references.length === 0 ? {} : { [ASSOCIATED_RESOURCE_EXTENSION]: references }),
  };
}

function predictionMembers({ probability, tier, model }: RiskPrediction): Record<string, unknown> {
  return { probability, tier, model: { id: model.id, version: model.version, sha256: model.sha256 } };
}

/** Base learners: raw log-odds, stack weight, share of the calibrated log-odds (networks; of trees it is in the drivers), gate. */
function learnerMembers({ baseLearners }: RiskPrediction, { parts }: Explanation): readonly Record<string, unknown>[] {
  const shares = new Map(parts.map(({ learner, contribution }) => [learner, contribution]));
  return baseLearners.map(({ id, available, logit, weight, gate }) => ({
    id,
    available,
    logit,
    weight: available ? weight : undefined,
    contribution: shares.get(id),
    gate,
  }));
}

function driverMember({ concept, contribution, value, unit, timeMs }: Driver): Record<string, unknown> {
  return { concept, contribution, value, unit, time: timeMs === undefined ? undefined : isoTime(timeMs) };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** A copy without undefined, null, `""`, `[]`, `{}` and numbers that JSON cannot hold, at any depth. */
export function withoutEmpty(value: unknown): unknown {
  if (value === null || value === '' || (typeof value === 'number' && !Number.isFinite(value))) return undefined;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const items = value.map(withoutEmpty).filter((item) => item !== undefined);
    return items.length > 0 ? items : undefined;
  }
  const members = Object.entries(value)
    .map(([name, member]: [string, unknown]) => [name, withoutEmpty(member)] as const)
    .filter(([, member]) => member !== undefined);
  return members.length > 0 ? Object.fromEntries(members) : undefined;
}
