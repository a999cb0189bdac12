import type { FeatureSpec } from './feature-spec.js';
import type { FeatureTensors } from './feature-tensors.js';

/** Columns and states of the spec that are not the same bytes: what to look at first. */
export function differingNames(a: FeatureTensors, b: FeatureTensors, spec: FeatureSpec): readonly string[] {
  const columns = spec.tabular.filter((_, index) => !Object.is(a.tabular[index], b.tabular[index]));
  const states = spec.states.filter((_, index) => a.states[index] !== b.states[index]);
  return [...columns.map(({ name }) => name), ...states.map((key) => `state of ${key}`)];
}

/** Names of the tensors, masks or states that are not the same bytes; empty where all are. */
export function tensorDifferences(a: FeatureTensors, b: FeatureTensors): readonly string[] {
  const arrays: readonly (readonly [string, ArrayBufferView, ArrayBufferView])[] = [
    ['tabular', a.tabular, b.tabular],
    ['states', a.states, b.states],
    ['series.conceptIds', a.series.conceptIds, b.series.conceptIds],
    ['series.hoursBefore', a.series.hoursBefore, b.series.hoursBefore],
    ['series.values', a.series.values, b.series.values],
    ['series.mask', a.series.mask, b.series.mask],
    ['notes.mask', a.notes.mask, b.notes.mask],
  ];
  const different = arrays.filter(([, left, right]) => !bytesOf(left).equals(bytesOf(right))).map(([name]) => name);
  const texts = (tensors: FeatureTensors): string =>
    JSON.stringify(tensors.notes.chunks.map(({ text, kind, hoursBefore }) => [text, kind, hoursBefore]));
  return texts(a) === texts(b) ? different : [...different, 'notes.chunks'];
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
