/**
 * `node --import tsx bench/note-encoder/time-graph.ts GRAPH.onnx [RUNS]`: how long one chunk of 128 and of 256 tokens takes on one
 * thread, as JSON. The least of the runs is what holds on a machine that has other work as well.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';

const [graph, runs = '40'] = process.argv.slice(2);
if (graph === undefined) {
  console.error('usage: node --import tsx bench/note-encoder/time-graph.ts GRAPH.onnx [RUNS]');
  process.exit(2);
}
const session = await InferenceSession.create(graph, { intraOpNumThreads: 1, interOpNumThreads: 1 });

function feeds(tokens: number): Record<string, Tensor> {
  const of = (value: (at: number) => number): Tensor =>
    new Tensor(
      'int64',
      BigInt64Array.from({ length: tokens }, (_, at) => BigInt(value(at))),
      [1, tokens],
    );
  const known = { input_ids: of((at) => 1000 + at), attention_mask: of(() => 1), token_type_ids: of(() => 0) };
  return Object.fromEntries(Object.entries(known).filter(([name]) => session.inputNames.includes(name)));
}

const found: Record<string, { leastMs: number; p50Ms: number }> = {};
for (const tokens of [128, 256]) {
  const inputs = feeds(tokens);
  for (let warm = 0; warm < 3; warm++) await session.run(inputs);
  const times: number[] = [];
  for (let run = 0; run < Number(runs); run++) {
    const start = performance.now();
    await session.run(inputs);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  found[tokens] = { leastMs: times[0] ?? NaN, p50Ms: times[times.length >> 1] ?? NaN };
}
process.stdout.write(`${JSON.stringify(found)}\n`);
