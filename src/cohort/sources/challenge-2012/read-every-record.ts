import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ServiceError } from '../../../errors/service-error.js';
import { readOutcomes, type OutcomeRow } from './outcomes.js';
import { assertSameRecords, setEntries, type ChallengeStay } from './read-challenge-2012.js';
import type { TarEntry } from './tar-archive.js';

/** All records that lie in a folder, and what is known of them. */
export interface EveryRecord {
  readonly stays: readonly ChallengeStay[];
  /** Where they lie (`set-c`, `the folder itself`), and whether outcomes were given. */
  readonly places: readonly { readonly words: string; readonly hasOutcomes: boolean }[];
  /** Files and rows that were not used. */
  readonly rejections: Readonly<Record<string, number>>;
}

const HEADER = 'Time,Parameter,Value';
const NO_RECORD = 'files: no record of a stay';

/**
 * Every record of every set of a folder: `set-?` (a folder or a `.tar.gz`), and record files lying in the folder itself. Outcomes
 * are those of `Outcomes-?.txt`, where it is there: complete for a set; for single files, those of sets that are not there.
 * Throws ERR_DATASET for a folder without any record, a file that names no RecordID or another than its own, a record twice.
 */
export async function readEveryRecord(directory: string): Promise<EveryRecord> {
  const names = await namesIn(directory);
  const sets = lettersOf(names, /^set-([a-z0-9])(?:\.tar\.gz)?$/i);
  const outcomes = new Map<string, ReadonlyMap<number, OutcomeRow>>();
  for (const set of lettersOf(names, /^Outcomes-([a-z0-9])\.txt$/i)) {
    outcomes.set(set, await readOutcomes(join(directory, `Outcomes-${set}.txt`)));
  }
  const rejections: Record<string, number> = {};
  const reject = (words: string, count: number): void => {
    if (count > 0) rejections[words] = (rejections[words] ?? 0) + count;
  };
  const stays: ChallengeStay[] = [];
  const places: { words: string; hasOutcomes: boolean }[] = [];
  for (const set of sets) {
    const entries = await setEntries(directory, set);
    const found = recordsIn(entries, `set-${set}, `);
    if (found.length === 0) throw new ServiceError('ERR_DATASET', { detail: `set-${set}: holds no record` });
    reject(NO_RECORD, entries.length - found.length);
    const own = outcomes.get(set);
    if (own) assertSameRecords(set, found, own);
    stays.push(...found.map((stay) => ({ ...stay, set, ...outcomeIn(own, stay.file.recordId) })));
    places.push({ words: `set-${set}`, hasOutcomes: own !== undefined });
  }

  const files = await singleFiles(directory, names);
  const single = recordsIn(files, '');
  reject(NO_RECORD, files.length - single.length);
  const left = new Map([...outcomes].filter(([set]) => !sets.includes(set)).flatMap(([, rows]) => [...rows]));
  const unused = new Set(left.keys());
  for (const stay of single) {
    if (left.size > 0 && !unused.delete(stay.file.recordId)) {
      throw new ServiceError('ERR_DATASET', { detail: `${stay.label}: the outcomes given have no row for it` });
    }
    stays.push({ ...stay, set: null, ...outcomeIn(left, stay.file.recordId) });
  }
  if (single.length > 0) places.push({ words: 'the folder itself', hasOutcomes: left.size > 0 });
  reject('outcomes: no record of that number', unused.size);

  if (stays.length === 0) {
    throw new ServiceError('ERR_DATASET', {
      detail:
        'no record found: no set-? folder, no set-?.tar.gz, and no record file (Time,Parameter,Value) in the folder',
    });
  }
  assertOnce(stays);
  return { stays, places, rejections };
}

function outcomeIn(
  rows: ReadonlyMap<number, OutcomeRow> | undefined,
  recordId: number,
): { readonly outcome?: OutcomeRow } {
  const outcome = rows?.get(recordId);
  return outcome ? { outcome } : {};
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (cause) {
    throw new ServiceError('ERR_DATASET', { detail: 'the dataset folder cannot be read', cause });
  }
}

function lettersOf(names: readonly string[], pattern: RegExp): string[] {
  return [...new Set(names.flatMap((name) => pattern.exec(name)?.[1] ?? []))].sort();
}

async function singleFiles(directory: string, names: readonly string[]): Promise<TarEntry[]> {
  const texts = names.filter((name) => name.endsWith('.txt') && !/^Outcomes-/i.test(name));
  const files: TarEntry[] = [];
  for (const name of texts) {
    try {
      files.push({ name, bytes: await readFile(join(directory, name)) });
    } catch (cause) {
      throw new ServiceError('ERR_DATASET', { detail: `file ${name}: cannot be read`, cause });
    }
  }
  return files;
}

/** A file is a record by its name, which is the record's number, or by its header; a licence text beside it is none. */
function recordsIn(entries: readonly TarEntry[], place: string): Omit<ChallengeStay, 'set'>[] {
  return entries
    .flatMap(({ name, bytes }) => {
      const file = basename(name);
      const named = /^(\d+)\.txt$/.exec(file)?.[1];
      const isRecord = named !== undefined || bytes.subarray(0, HEADER.length).toString('latin1') === HEADER;
      if (!isRecord || !file.endsWith('.txt')) return [];
      const label = `${place}file ${file}`;
      const recordId = recordIdOf(bytes.toString('utf8'), label);
      if (named !== undefined && Number(named) !== recordId) {
        throw new ServiceError('ERR_DATASET', { detail: `${label}: its RecordID is another than its name` });
      }
      return [{ file: { recordId, bytes }, label }];
    })
    .sort((left, right) => left.file.recordId - right.file.recordId);
}

function recordIdOf(text: string, label: string): number {
  const ids = new Set([...text.matchAll(/^\d+:\d+,RecordID,(\d+)[ \t]*\r?$/gm)].map(([, id]) => Number(id)));
  const [recordId] = ids;
  if (recordId === undefined || ids.size > 1) {
    const words = ids.size > 1 ? 'has more than one RecordID' : 'has no RecordID';
    throw new ServiceError('ERR_DATASET', { detail: `${label}: ${words}` });
  }
  return recordId;
}

function assertOnce(stays: readonly ChallengeStay[]): void {
  const labels = new Map<number, string>();
  for (const { file, label } of stays) {
    const other = labels.get(file.recordId);
    if (other !== undefined) {
      throw new ServiceError('ERR_DATASET', {
        detail: `record ${file.recordId} is there twice: ${other} and ${label}`,
      });
    }
    labels.set(file.recordId, label);
  }
}
