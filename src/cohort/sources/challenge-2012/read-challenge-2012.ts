import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ServiceError } from '../../../errors/service-error.js';
import { readOutcomes, type OutcomeRow } from './outcomes.js';
import { readTarGz, type TarEntry } from './tar-archive.js';

export type ChallengeSet = 'a' | 'b';

/** A published record file. */
export interface StayFile {
  readonly recordId: number;
  readonly bytes: Buffer;
}

/** A record, where it lies, and what became of the patient. */
export interface ChallengeStay {
  /** Letter of its set; null for a file that lies in none. */
  readonly set: string | null;
  readonly file: StayFile;
  /** Names the file in errors. */
  readonly label: string;
  /** Absent where no outcomes were given. */
  readonly outcome?: OutcomeRow;
}

/**
 * All record files of one set in order of their number, with their outcomes, from `set-?.tar.gz` or an unpacked `set-?`
 * folder, and `Outcomes-?.txt`. Throws ERR_DATASET when a file is missing, does not parse, or a stay has no outcome row.
 * @see https://physionet.org/content/challenge-2012/1.0.0/
 */
export async function readStayFiles(
  directory: string,
  set: ChallengeSet,
): Promise<readonly (ChallengeStay & { readonly outcome: OutcomeRow })[]> {
  const outcomes = await readOutcomes(join(directory, `Outcomes-${set}.txt`));
  const files = (await setEntries(directory, set))
    .flatMap(({ name, bytes }) => {
      const recordId = /^(\d+)\.txt$/.exec(basename(name))?.[1];
      return recordId === undefined ? [] : [{ recordId: Number(recordId), bytes }];
    })
    .sort((left, right) => left.recordId - right.recordId);
  const stays = files.map((file) => ({
    set,
    file,
    label: `set-${set}, file ${file.recordId}.txt`,
  }));
  assertSameRecords(set, stays, outcomes);
  return stays.flatMap((stay) => {
    const outcome = outcomes.get(stay.file.recordId);
    return outcome ? [{ ...stay, outcome }] : [];
  });
}

/** Throws ERR_DATASET unless a set and its outcomes are of the same records. */
export function assertSameRecords(
  set: string,
  stays: readonly Pick<ChallengeStay, 'file'>[],
  outcomes: ReadonlyMap<number, OutcomeRow>,
): void {
  if (!stays.every(({ file }) => outcomes.has(file.recordId))) {
    throw new ServiceError('ERR_DATASET', { detail: `Outcomes-${set}.txt: no row for a record of set-${set}` });
  }
  if (stays.length !== outcomes.size) {
    throw new ServiceError('ERR_DATASET', {
      detail: `set-${set}: expected ${outcomes.size} stays (Outcomes-${set}.txt), found ${stays.length}`,
    });
  }
}

/** The text files of a set, from its folder or its archive. */
export async function setEntries(directory: string, set: string): Promise<readonly TarEntry[]> {
  const folder = join(directory, `set-${set}`);
  return (await isFolder(folder)) ? folderFiles(folder) : readTarGz(`${folder}.tar.gz`);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function folderFiles(folder: string): Promise<TarEntry[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.txt'));
  return Promise.all(
    names.map(async (name) => {
      try {
        return { name, bytes: await readFile(join(folder, name)) };
      } catch (cause) {
        throw new ServiceError('ERR_DATASET', { detail: `${basename(folder)}, file ${name}: cannot be read`, cause });
      }
    }),
  );
}
