import { createWriteStream, existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Element } from '../../../record/element.js';
import { forEachLine } from './export-lines.js';

/** A staged resource: one line of a shard. */
export interface StagedResource {
  readonly chart: string;
  readonly type: string;
  readonly id: string;
  readonly resource: Element;
}

/** Chart, type and id before the line: neither may hold a tab, JSON escapes its own. */
const SEPARATOR = '\t';
const FLUSH_CHARACTERS = 1 << 20;

/** The file of a shard. */
export function shardFile(folder: string, shard: number): string {
  return join(folder, `shard-${shard}.ndjson.gz`);
}

function unsortedFolder(folder: string): string {
  return join(folder, 'unsorted');
}

/** Takes resources in any order and appends them, a megabyte at a time, to a plain file of their shard. */
export function unsortedShards(folder: string): {
  readonly folder: string;
  add(shard: number, staged: StagedResource): void | Promise<void>;
  flush(): Promise<void>;
} {
  const target = unsortedFolder(folder);
  const pending = new Map<number, { lines: string[]; characters: number }>();
  const write = async (shard: number): Promise<void> => {
    const { lines = [] } = pending.get(shard) ?? {};
    pending.delete(shard);
    await mkdir(target, { recursive: true });
    await appendFile(join(target, String(shard)), lines.join(''));
  };
  return {
    folder: target,
    add: (shard, { chart, type, id, resource }) => {
      const line = `${[chart, type, id, JSON.stringify({ chart, resource })].join(SEPARATOR)}\n`;
      const own = pending.get(shard) ?? { lines: [], characters: 0 };
      own.lines.push(line);
      own.characters += line.length;
      pending.set(shard, own);
      return own.characters < FLUSH_CHARACTERS ? undefined : write(shard);
    },
    flush: async () => {
      for (const shard of [...pending.keys()]) await write(shard);
    },
  };
}

/**
 * Sorts the plain file of a shard by chart, type and id (code units) into its compressed one. Of resources of one type and id the
 * first by its text is kept, whatever order they came in.
 */
export async function writeSortedShard(
  folder: string,
  shard: number,
  count: { readonly kept: (type: string) => void; readonly twice: (type: string) => void },
): Promise<void> {
  const keyed = (await linesOf(join(unsortedFolder(folder), String(shard)))).map((line) => {
    const [chart = '', type = '', id = ''] = line.split(SEPARATOR, 3);
    return { chart, type, id, json: line.slice(chart.length + type.length + id.length + 3) };
  });
  keyed.sort(
    (a, b) => byText(a.chart, b.chart) || byText(a.type, b.type) || byText(a.id, b.id) || byText(a.json, b.json),
  );
  const kept = keyed.filter(({ chart, type, id }, index) => {
    const before = keyed[index - 1];
    const isTwice = before?.chart === chart && before.type === type && before.id === id;
    (isTwice ? count.twice : count.kept)(type);
    return !isTwice;
  });
  const lines = Readable.from(kept.map(({ json }) => `${json}\n`));
  await pipeline(lines, createGzip(), createWriteStream(shardFile(folder, shard)));
}

async function linesOf(path: string): Promise<string[]> {
  const lines: string[] = [];
  if (!existsSync(path)) return lines;
  await forEachLine({ name: 'an unsorted shard', path, isCompressed: false }, (bytes) => {
    lines.push(bytes.toString('utf8'));
  });
  return lines;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
