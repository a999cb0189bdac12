import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { ServiceError } from '../../errors/service-error.js';

/** Marks a finished dataset; written last. */
export const DONE = 'DONE';
/** What a build in progress was asked to do. */
export const BUILD_MARK = 'build.json';
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
  const mark = join(folder.work, BUILD_MARK);
  if (existsSync(mark)) {
    if ((await readFile(mark, 'utf8')) !== fingerprint) {
      throw new ServiceError('ERR_DATASET', {
        detail: `${folder.out} holds a build that was cut short, of other files or with other options: finish it with the same, or remove the folder`,
      });
    }
    if (!existsSync(join(folder.out, DONE))) return 'open';
    await clearWork(folder.work);
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

/** Removes the work of a finished build, its mark last: a kill in between leaves a build that can still be told from another. */
export async function clearWork(work: string): Promise<void> {
  const names = (await readdir(work)).filter((name) => name !== BUILD_MARK);
  for (const name of names) await rm(join(work, name), { recursive: true });
  await rm(work, { recursive: true });
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

const EDGE_BYTES = 65_536;

/**
 * Hash over names, sizes, and the first and last 64 kB of a folder's files: has the source changed since a build began, and do
 * two jobs on two machines read the same? Not over modification times, which copies do not keep, nor over `out`, where it lies inside.
 */
export async function sourceFingerprint(directory: string, out: string): Promise<string> {
  const names = await readdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw new ServiceError('ERR_DATASET', { detail: 'the dataset folder cannot be read', cause });
  });
  const own = `${resolve(out)}${sep}`;
  const hash = createHash('sha256');
  for (const name of names.sort()) {
    const path = resolve(directory, name);
    if (`${path}${sep}`.startsWith(own)) continue;
    const { size, isFile } = await sizeOf(path);
    if (!isFile) continue;
    hash.update(`${name} ${size}\n`);
    for (const start of new Set([0, Math.max(0, size - EDGE_BYTES)])) hash.update(await bytesFrom(path, start));
  }
  return hash.digest('hex');
}

async function sizeOf(path: string): Promise<{ readonly size: number; readonly isFile: boolean }> {
  const found = await stat(path);
  return { size: found.size, isFile: found.isFile() };
}

async function bytesFrom(path: string, start: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(EDGE_BYTES), 0, EDGE_BYTES, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
