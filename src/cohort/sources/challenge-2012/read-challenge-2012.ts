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

/**
 * All record files of one set in order of their number, with their outcomes, from `set-?.tar.gz` or an unpacked `set-?`
 * folder, and `Outcomes-?.txt`. Throws ERR_DATASET when a file is missing, does not parse, or a stay has no outcome row.
 * @see https://physionet.org/content/challenge-2012/1.0.0/
 */
export async function readStayFiles(
  directory: string,
  set: ChallengeSet,
): Promise<readonly { readonly file: StayFile; readonly outcome: OutcomeRow }[]> {
  const outcomes = await readOutcomes(join(directory, `Outcomes-${set}.txt`));
  const files = await stayFiles(directory, set);
  const stays = files.map((file) => {
    const outcome = outcomes.get(file.recordId);
    if (!outcome) {
      throw new ServiceError('ERR_DATASET', { detail: `Outcomes-${set}.txt: no row for a record of set-${set}` });
    }
    return { file, outcome };
  });
  if (files.length !== outcomes.size) {
    throw new ServiceError('ERR_DATASET', {
      detail: `set-${set}: expected ${outcomes.size} stays (Outcomes-${set}.txt), found ${files.length}`,
    });
  }
  return stays;
}

async function stayFiles(directory: string, set: ChallengeSet): Promise<StayFile[]> {
  const folder = join(directory, `set-${set}`);
  const entries = (await isFolder(folder)) ? await folderFiles(folder) : await readTarGz(`${folder}.tar.gz`);
  return entries
    .flatMap(({ name, bytes }) => {
      const recordId = /^(\d+)\.txt$/.exec(basename(name))?.[1];
      return recordId === undefined ? [] : [{ recordId: Number(recordId), bytes }];
    })
    .sort((left, right) => left.recordId - right.recordId);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function folderFiles(folder: string): Promise<TarEntry[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.txt'));
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
}
