import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '../../errors/service-error.js';

/** Marks a finished dataset; written last. */
export const DONE = 'DONE';
/** Marks a finished part of a dataset, waiting to be merged. */
export const PART_DONE = 'PART-DONE';

/** Paths of a build in progress. Everything is written beside its place and renamed into it: what has a name is complete. */
export interface BuildFolder {
  readonly out: string;
  readonly work: string;
  readonly spec: string;
  readonly facts: string;
  readonly staged: string;
  readonly stagedReport: string;
  readonly shards: string;
}

export function buildFolder(out: string): BuildFolder {
  const work = join(out, '.build');
  return {
    out,
    work,
    spec: join(work, 'feature-spec.json'),
    facts: join(work, 'facts.ndjson'),
    staged: join(work, 'staged'),
    stagedReport: join(work, 'staged.json'),
    shards: join(work, 'shards'),
  };
}

/**
 * Makes the folder of a build, or takes up one that was cut short with the same fingerprint. `finished`: it is done already
 * (a kill came after the last file). Throws ERR_DATASET when something else is there.
 */
export async function openBuildFolder(folder: BuildFolder, fingerprint: string): Promise<'open' | 'finished'> {
  const mark = join(folder.work, 'build.json');
  if (existsSync(mark)) {
    if ((await readFile(mark, 'utf8')) !== fingerprint) {
      throw new ServiceError('ERR_DATASET', {
        detail: `${folder.out} holds a build that was cut short, of other files or with other options: finish it with the same, or remove the folder`,
      });
    }
    if (!existsSync(join(folder.out, DONE))) return 'open';
    await rm(folder.work, { recursive: true });
    return 'finished';
  }
  const present = existsSync(folder.out) ? await readdir(folder.out) : [];
  if (present.some((name) => name !== '.build')) {
    throw new ServiceError('ERR_DATASET', { detail: `${folder.out} exists already: nothing is overwritten` });
  }
  await mkdir(folder.shards, { recursive: true });
  await writeAtomically(mark, fingerprint);
  return 'open';
}

/** The file as a whole or not at all. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.tmp`, content);
  await rename(`${path}.tmp`, path);
}

/** Fills a new folder and gives it its name when it is full; what an earlier try left is removed first. */
export async function folderAtomically<T>(path: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const unfinished = `${path}.tmp`;
  await rm(unfinished, { recursive: true, force: true });
  await rm(path, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const result = await fill(unfinished);
  await rename(unfinished, path);
  return result;
}

/** Hash over names, sizes and modification times of a folder's files: has the source changed since a build began? */
export async function sourceFingerprint(directory: string): Promise<string> {
  const names = await readdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw new ServiceError('ERR_DATASET', { detail: 'the dataset folder cannot be read', cause });
  });
  const hash = createHash('sha256');
  for (const name of names.sort()) {
    const { size, mtimeMs } = await stat(join(directory, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
