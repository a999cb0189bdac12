import type { ProcedureEvent, ProcedureKind } from '../../../record/patient-record.js';
import type { Row } from './eicu-layout.js';
import { minutesOf, unitMs } from './eicu-time.js';
import { evidenceOf } from './evidence.js';
import type { UnitStay } from './unit-stays.js';

/** A treatment is charted with the daily note: it counts as running for a day. */
const TREATMENT_MS = 24 * 3_600_000;

/** Treatments by their path; the first that fits. `ventilator weaning`, CPAP/PEEP therapy and suctioning say too little. */
const TREATMENTS: readonly (readonly [RegExp, ProcedureKind])[] = [
  [/non-invasive ventilation/i, 'noninvasive-ventilation'],
  [/\|mechanical ventilation(?:\||$)/i, 'invasive-ventilation'],
  [/\|tracheostomy(?:\||$)/i, 'tracheostomy'],
  [/\|oxygen therapy \(/i, 'oxygen-therapy'],
  [/\|dialysis\|(?:hemodialysis|C V V H(?: D)?)(?:\||$)/i, 'renal-replacement'],
];

/** Life support that a treatment row says; undefined where it says none. */
export function supportOfTreatment(treatmentstring: string): ProcedureKind | undefined {
  return TREATMENTS.find(([pattern]) => pattern.test(treatmentstring))?.[1];
}

/** Ventilation, dialysis and tracheostomies of `treatment`: known from their offset on. A tracheostomy stays. */
export function treatedSupport(rows: readonly Row[], stay: UnitStay): readonly ProcedureEvent[] {
  return rows.flatMap((row) => {
    const kind = supportOfTreatment(row['treatmentstring'] ?? '');
    const minutes = minutesOf(row['treatmentoffset']);
    if (kind === undefined || minutes === undefined) return [];
    const startMs = unitMs(stay, minutes);
    const ended = kind === 'tracheostomy' ? {} : { endMs: startMs + TREATMENT_MS };
    return [{ kind, startMs, ...ended, availableMs: startMs, evidence: evidenceOf('treatment', row) }];
  });
}

/**
 * Ventilators of `respiratoryCare`. A row tells of one that runs (`ventstartoffset`) and of the one before
 * (`priorventstartoffset` to `priorventendoffset`); 0 means none. All of it is known from the row's own offset on. A running one
 * ends when a later row says so, else with the unit stay. Without an artificial airway it is non-invasive.
 */
export function ventilators(rows: readonly Row[], stay: UnitStay): readonly ProcedureEvent[] {
  const seen = rows
    .map((row) => ({ row, statusMinutes: minutesOf(row['respcarestatusoffset']) ?? NaN }))
    .sort((a, b) => a.statusMinutes - b.statusMinutes);
  const begun = new Set<number>();
  const events: ProcedureEvent[] = [];
  for (const { row, statusMinutes } of seen) {
    const kind = /no artificial airway/i.test(row['airwaytype'] ?? '')
      ? 'noninvasive-ventilation'
      : 'invasive-ventilation';
    const evidence = evidenceOf('respiratoryCare', row);
    const [start, priorStart, priorEnd] = [
      offsetOrNone(row['ventstartoffset']),
      offsetOrNone(row['priorventstartoffset']),
      offsetOrNone(row['priorventendoffset']),
    ];
    if (priorStart !== undefined && priorEnd !== undefined && priorEnd >= priorStart && !begun.has(priorStart)) {
      begun.add(priorStart);
      events.push({
        kind,
        startMs: unitMs(stay, priorStart),
        endMs: unitMs(stay, priorEnd),
        availableMs: unitMs(stay, Math.max(statusMinutes, priorEnd)),
        evidence: `${evidence}-prior`,
      });
    }
    if (start === undefined || begun.has(start)) continue;
    begun.add(start);
    const closing = seen.find((later) => minutesOf(later.row['priorventstartoffset']) === start);
    const closed = Math.max(closing?.statusMinutes ?? NaN, minutesOf(closing?.row['priorventendoffset']) ?? NaN);
    const startMs = unitMs(stay, start);
    const endMs = Number.isNaN(closed) ? stay.endMs : unitMs(stay, closed);
    events.push({
      kind,
      startMs,
      ...(endMs < startMs ? {} : { endMs }),
      availableMs: unitMs(stay, Math.max(start, statusMinutes)),
      evidence,
    });
  }
  return events;
}

function offsetOrNone(text: string | null | undefined): number | undefined {
  const minutes = minutesOf(text);
  return minutes === 0 ? undefined : minutes;
}
