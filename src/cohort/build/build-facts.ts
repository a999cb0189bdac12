import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { ChartFacts, SourceAbout, SourceTotals } from '../cohort-source.js';

/** Everything a plan is made of, kept in the build's folder so that a build can be taken up or merged without the source. */
export interface BuildFacts {
  readonly about: SourceAbout;
  readonly totals: SourceTotals;
  readonly charts: readonly ChartFacts[];
}

/** One line for what the source says of itself, then one a chart. */
export async function saveFacts(path: string, { about, totals, charts }: BuildFacts): Promise<void> {
  const out = createWriteStream(`${path}.tmp`);
  out.write(`${JSON.stringify({ about, totals })}\n`);
  for (const chart of charts) out.write(`${JSON.stringify(chart)}\n`);
  out.end();
  await finished(out);
  await rename(`${path}.tmp`, path);
}

/** Reads back what `saveFacts` wrote. */
export async function loadFacts(path: string): Promise<BuildFacts> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  let head: Pick<BuildFacts, 'about' | 'totals'> | undefined;
  const charts: ChartFacts[] = [];
  for await (const line of lines) {
    if (head) charts.push(JSON.parse(line) as ChartFacts);
    else head = JSON.parse(line) as Pick<BuildFacts, 'about' | 'totals'>;
  }
  if (!head) throw new Error('the facts of the build are empty');
  return { ...head, charts };
}
