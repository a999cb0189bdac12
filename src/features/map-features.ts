import { conceptByKey } from '../concepts/dictionary.js';
import type { ConceptKey, SourceKey } from '../concepts/concept.js';
import type { PatientRecord } from '../record/patient-record.js';
import { conceptStates } from './concept-states.js';
import { withDerivedReadings } from './derived-readings.js';
import type { FeatureSpec } from './feature-spec.js';
import type { Evidence, FeatureTensors, ModalityState } from './feature-tensors.js';
import { noteChunks } from './notes/note-chunks.js';
import { seriesTokens } from './series/series-tokens.js';
import { ageYears } from './tabular/age.js';
import { tabularRow } from './tabular/tabular-row.js';
import { hoursBefore, windowStart } from './time-windows.js';
import { visibleRecord, type VisibleRecord } from './visible-record.js';

const VALUE_SOURCES: readonly SourceKey[] = ['labs', 'vitals', 'bedside'];

/**
 * The three tensors of a chart as it stood at `predictionTimeMs`, with masks and the state of every concept.
 * Pure: no clock, no I/O; the order of the record's lists does not matter, and nothing that was available only later changes
 * a byte. Used by the service and by the training-set builder alike.
 */
export function mapFeatures(
  record: PatientRecord,
  spec: FeatureSpec,
  { predictionTimeMs }: { readonly predictionTimeMs: number },
): FeatureTensors {
  const raw = visibleRecord(record, predictionTimeMs);
  const visible: VisibleRecord = { ...raw, readings: withDerivedReadings(raw) };
  const series = seriesTokens(visible, spec.series);
  const chunks = noteChunks(visible, spec.notes);
  const noteMask = new Uint8Array(spec.notes.maxChunks);
  noteMask.fill(1, 0, chunks.length);
  return {
    specId: spec.id,
    predictionTimeMs,
    tabular: tabularRow(visible, spec.tabular),
    states: conceptStates(visible, spec.states),
    series,
    notes: { chunks, mask: noteMask },
    evidence: newestEvidence(visible, spec.states),
    modalities: {
      tabular: 'present',
      series: modality(series.tokens > 0, record, VALUE_SOURCES),
      notes: modality(chunks.length > 0, record, ['notes']),
    },
  };
}

function modality(isPresent: boolean, { coverage }: PatientRecord, sources: readonly SourceKey[]): ModalityState {
  if (isPresent) return 'present';
  return sources.some((source) => coverage[source].kind === 'covered') ? 'empty' : 'unavailable';
}

/** The newest value of every concept within its look-back: what a card may quote. */
function newestEvidence(record: VisibleRecord, keys: readonly ConceptKey[]): ReadonlyMap<ConceptKey, Evidence> {
  const evidence = new Map<ConceptKey, Evidence>();
  for (const key of keys) {
    const { unit, lookBackHours } = conceptByKey(key);
    const newest = (record.readings.get(key) ?? []).at(-1);
    if (!newest || newest.timeMs < windowStart(record.predictionTimeMs, lookBackHours)) continue;
    const { value, timeMs, provisional } = newest;
    const before = hoursBefore(record.predictionTimeMs, timeMs);
    evidence.set(key, {
      concept: key,
      value,
      unit,
      timeMs,
      hoursBefore: before,
      provisional,
      evidence: newest.evidence,
    });
  }
  const age = ageYears(record.source.birthDate, record.predictionTimeMs);
  if (keys.includes('age') && !Number.isNaN(age)) {
    const timeMs = record.predictionTimeMs;
    const own = {
      concept: 'age',
      value: age,
      unit: 'a',
      timeMs,
      hoursBefore: 0,
      provisional: false,
      evidence: 'Patient',
    };
    evidence.set('age', own);
  }
  return evidence;
}
