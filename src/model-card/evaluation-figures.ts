/** A figure with its interval, as evaluation reports write it. */
interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

type Members = Readonly<Record<string, unknown>>;

const MEASURES = [
  ['auroc', 'AUROC'],
  ['auprc', 'AUPRC'],
  ['brier', 'Brier score'],
  ['calibrationIntercept', 'calibration intercept'],
  ['calibrationSlope', 'calibration slope'],
] as const;

/**
 * One sentence for each group of rows an evaluation report has figures of, with the number of rows and events and 95 % intervals; none
 * where it has none. Reads both forms of report: one set held out (`model`), and groups out of fold (`outOfFold`).
 */
export function internalValidity(report: unknown): readonly string[] {
  const { model, heldOutSet, outOfFold } = members(report);
  const heldOut = figures(members(model));
  if (heldOut !== undefined) {
    const { n, events } = members(members(model)['auroc']);
    return [`Held-out set ${words(heldOutSet)}: ${count(n)} rows, ${count(events)} events. ${heldOut}`];
  }
  return Object.entries(members(outOfFold)).flatMap(([group, value]) => {
    const { rows, patients, events, stack } = members(value);
    const line = figures(members(stack));
    if (line === undefined) return [];
    return [
      `Out of fold, ${group}: ${count(rows)} rows of ${count(patients)} patients, ${count(events)} events. ${line}`,
    ];
  });
}

/** Whom an evaluation's attrition table left out, by reason; none where the report has no such table. */
export function leftOut(report: unknown): readonly string[] {
  const { found, excluded, kept } = members(members(report)['attrition']);
  const reasons = Object.entries(members(excluded)).flatMap(([reason, value]) => {
    const { episodes } = members(value);
    return typeof episodes === 'number' && episodes > 0 ? [`${reason} ${episodes}`] : [];
  });
  if (reasons.length === 0) return [];
  return [
    `Of ${count(members(found)['episodes'])} episodes found, ${count(members(kept)['episodes'])} were kept. Left out: ${reasons.join(', ')}.`,
  ];
}

function figures(group: Members): string | undefined {
  const said = MEASURES.flatMap(([key, name]) => {
    const figure = group[key];
    return isFigure(figure) ? [`${name} ${text(figure.value)} [${text(figure.low)}, ${text(figure.high)}]`] : [];
  });
  return said.length === 0 ? undefined : `${said.join('; ')}. Intervals: 95 %.`;
}

function isFigure(value: unknown): value is Figure {
  return ['value', 'low', 'high'].every((name) => typeof members(value)[name] === 'number');
}

function members(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function text(value: number): string {
  return value.toFixed(3);
}

function count(value: unknown): string {
  return typeof value === 'number' ? String(value) : 'an unknown number of';
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
