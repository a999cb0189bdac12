import type { SourceKey } from '../../concepts/concept.js';
import { windowStart } from '../time-windows.js';
import { isCovered, type VisibleRecord } from '../visible-record.js';
import { cardiovascular, cns, coagulation, liver, renal, respiration } from './sofa-components.js';

interface Component {
  /** Sources it reads; where one does not cover the window its worst value is not known. */
  readonly sources: readonly SourceKey[];
  /** 0 (normal) to 4, NaN where not measured. */
  readonly points: (record: VisibleRecord, fromMs: number) => number;
}

const COMPONENTS = {
  respiration: { sources: ['labs', 'bedside', 'procedures'], points: respiration },
  coagulation: { sources: ['labs'], points: coagulation },
  liver: { sources: ['labs'], points: liver },
  cardiovascular: { sources: ['vitals', 'administrations'], points: cardiovascular },
  cns: { sources: ['bedside'], points: cns },
  renal: { sources: ['labs', 'bedside'], points: renal },
} as const satisfies Record<string, Component>;

const ALL: readonly Component[] = Object.values(COMPONENTS);

/**
 * Points of one component: the worst of the window up to the prediction time. NaN where its parts were not measured, or where
 * a source it reads does not cover the window.
 * @see Vincent et al., Intensive Care Med 1996;22:707, table 3 (thresholds); mimic-code `score/sofa.sql` (worst of 24 h)
 */
export function sofaComponent(record: VisibleRecord, component: keyof typeof COMPONENTS, windowHours: number): number {
  return pointsOf(record, COMPONENTS[component], windowStart(record.predictionTimeMs, windowHours));
}

/**
 * Sum of the known components; one that was not measured counts 0, as the score's convention has it. NaN where none is known
 * or where any source of the score does not cover the window: fewer organs looked at would look like healthier ones.
 * @see mimic-code `score/sofa.sql` (`COALESCE(…, 0)`)
 */
export function sofaTotal(record: VisibleRecord, windowHours: number): number {
  const known = knownPoints(record, windowHours);
  return known === undefined || known.length === 0 ? NaN : known.reduce((sum, points) => sum + points, 0);
}

/** How many of the six components are known; NaN where any source of the score does not cover the window. */
export function sofaKnownComponents(record: VisibleRecord, windowHours: number): number {
  return knownPoints(record, windowHours)?.length ?? NaN;
}

function knownPoints(record: VisibleRecord, windowHours: number): readonly number[] | undefined {
  const fromMs = windowStart(record.predictionTimeMs, windowHours);
  if (!ALL.every((component) => isRead(record, component, fromMs))) return undefined;
  return ALL.map((component) => pointsOf(record, component, fromMs)).filter((points) => !Number.isNaN(points));
}

function pointsOf(record: VisibleRecord, component: Component, fromMs: number): number {
  return isRead(record, component, fromMs) ? component.points(record, fromMs) : NaN;
}

function isRead(record: VisibleRecord, { sources }: Component, fromMs: number): boolean {
  return sources.every((source) => isCovered(record.source, source, fromMs));
}
