import { conceptByKey } from '../../concepts/dictionary.js';
import type { FeatureSpec } from '../feature-spec.js';
import type { FeatureTensors } from '../feature-tensors.js';
import { HOUR_MS, windowStart } from '../time-windows.js';
import type { Reading, VisibleRecord } from '../visible-record.js';

/** Vital and bedside values: one token an hour for the last 12 hours, one per 3 hours before. */
const FINE_HOURS = 12;
const COARSE_HOURS = 3;

interface Token {
  readonly id: number;
  readonly timeMs: number;
  readonly value: number;
}

/**
 * The series tensor: at most `maxTokens` tokens (concept id, hours before, value), newest first.
 * Every laboratory value is a token; vital and bedside values are one median a concept and time bin. Over the limit the
 * oldest binned tokens go first; where laboratory values alone exceed it, the newest of each concept stay and then the
 * newest of the rest. Deterministic: ties go by concept id, then value.
 */
export function seriesTokens(record: VisibleRecord, spec: FeatureSpec['series']): FeatureTensors['series'] {
  const from = windowStart(record.predictionTimeMs, spec.windowHours);
  const labs: Token[] = [];
  const binned: Token[] = [];
  spec.concepts.forEach((key, index) => {
    const readings = (record.readings.get(key) ?? []).filter(({ timeMs }) => timeMs >= from);
    if (readings.length === 0) return;
    if (conceptByKey(key).source === 'labs') {
      for (const { timeMs, value } of readings) labs.push({ id: index + 1, timeMs, value });
    } else {
      binned.push(...medianPerBin(readings, record.predictionTimeMs, index + 1));
    }
  });
  const kept = thin(labs, binned, spec.maxTokens);
  return tensors(kept, record.predictionTimeMs, spec.maxTokens);
}

function medianPerBin(readings: readonly Reading[], predictionTimeMs: number, id: number): Token[] {
  const bins = new Map<number, Reading[]>();
  for (const reading of readings) {
    const hour = Math.floor((predictionTimeMs - reading.timeMs) / HOUR_MS);
    const bin = hour < FINE_HOURS ? hour : FINE_HOURS + Math.floor((hour - FINE_HOURS) / COARSE_HOURS);
    const list = bins.get(bin);
    if (list) list.push(reading);
    else bins.set(bin, [reading]);
  }
  return [...bins.values()].map((list) => ({
    id,
    timeMs: list.at(-1)?.timeMs ?? predictionTimeMs,
    value: median(list.map(({ value }) => value)),
  }));
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  const upper = values[middle] ?? NaN;
  return values.length % 2 === 1 ? upper : ((values[middle - 1] ?? NaN) + upper) / 2;
}

function newestFirst(a: Token, b: Token): number {
  return b.timeMs - a.timeMs || a.id - b.id || a.value - b.value;
}

function thin(labs: Token[], binned: Token[], maxTokens: number): Token[] {
  labs.sort(newestFirst);
  if (labs.length >= maxTokens) return thinLabs(labs, maxTokens);
  binned.sort(newestFirst);
  return [...labs, ...binned.slice(0, maxTokens - labs.length)].sort(newestFirst);
}

function thinLabs(labs: readonly Token[], maxTokens: number): Token[] {
  const seen = new Set<number>();
  const newest: Token[] = [];
  const rest: Token[] = [];
  for (const token of labs) {
    (seen.has(token.id) ? rest : newest).push(token);
    seen.add(token.id);
  }
  return [...newest, ...rest].slice(0, maxTokens).sort(newestFirst);
}

function tensors(tokens: readonly Token[], predictionTimeMs: number, maxTokens: number): FeatureTensors['series'] {
  const series = {
    conceptIds: new Int32Array(maxTokens),
    hoursBefore: new Float32Array(maxTokens),
    values: new Float32Array(maxTokens),
    mask: new Uint8Array(maxTokens),
    tokens: tokens.length,
  };
  tokens.forEach(({ id, timeMs, value }, index) => {
    series.conceptIds[index] = id;
    series.hoursBefore[index] = (predictionTimeMs - timeMs) / HOUR_MS;
    series.values[index] = value;
    series.mask[index] = 1;
  });
  return series;
}
