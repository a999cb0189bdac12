import { spawn } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServiceError } from '../../errors/service-error.js';
import type { JavaAndMaven } from './java-and-maven.js';
import { LogTail } from './log-tail.js';

/** A HAPI server that can be started. */
export interface BuiltHapi {
  /** For `java -cp`. */
  readonly classpath: string;
  /** What it took: nothing, Maven on its local repository alone, or downloads. */
  readonly built: 'already' | 'offline' | 'online';
}

export interface HapiBuild {
  readonly tools: Extract<JavaAndMaven, { kind: 'found' }>;
  /** Folder of `pom.xml` and `HapiServer.java`; by default the project's. */
  readonly folder?: string;
  readonly onProgress?: (text: string) => void;
}

const SOURCE = 'HapiServer.java';

/** The one pom and the one class, from the top of the package. */
export const HAPI_SERVER_FOLDER = fileURLToPath(new URL('../../../test/hapi/server', import.meta.url));

/**
 * Compiles the server and writes its classpath below `target/`, unless that was done for these sources and every jar is still there. Maven
 * is first asked to do without the network: a warm repository then needs none. Throws ServiceError ERR_CONFIG with Maven's last lines.
 */
export async function buildHapi({
  tools,
  folder = HAPI_SERVER_FOLDER,
  onProgress = () => undefined,
}: HapiBuild): Promise<BuiltHapi> {
  const ready = await readyClasspath(folder);
  if (ready !== undefined) return { classpath: ready, built: 'already' };
  onProgress('building the HAPI server from the local Maven repository');
  let built: BuiltHapi['built'] = 'offline';
  if (!(await runMaven(tools.maven, folder, ['-o'])).isOk) {
    onProgress('building the HAPI server: its artefacts (about 270 MB) are downloaded once');
    built = 'online';
    const { isOk, words } = await runMaven(tools.maven, folder, []);
    if (!isOk)
      throw new ServiceError('ERR_CONFIG', {
        detail: `the HAPI server could not be built; Maven's last lines:\n${words}`,
      });
  }
  await writeFile(stampOf(folder), await sourceStamp(folder));
  const classpath = await readyClasspath(folder);
  if (classpath === undefined)
    throw new ServiceError('ERR_CONFIG', { detail: `Maven ended well, but ${folder}/target is not complete` });
  return { classpath, built };
}

/** The classpath, where the build is of these very sources and whole. */
async function readyClasspath(folder: string): Promise<string | undefined> {
  const classes = join(folder, 'target', 'classes');
  const [wanted, stamp, jars, compiled] = await Promise.all([
    sourceStamp(folder),
    readFile(stampOf(folder), 'utf8').catch(() => ''),
    readFile(join(folder, 'target', 'classpath.txt'), 'utf8').catch(() => ''),
    changedMs(join(classes, 'HapiServer.class')),
  ]);
  if (compiled === undefined || stamp !== wanted) return undefined;
  const there = await Promise.all(jars.trim().split(delimiter).map(changedMs));
  return there.includes(undefined) ? undefined : [classes, jars.trim()].join(delimiter);
}

/** Written when a build is whole: Maven leaves a class and a list alone that would not change, so that their times say nothing. */
function stampOf(folder: string): string {
  return join(folder, 'target', 'built');
}

/** When the sources were last changed. Throws ServiceError ERR_CONFIG where they are not there. */
async function sourceStamp(folder: string): Promise<string> {
  const [pom, source] = await Promise.all(['pom.xml', SOURCE].map((name) => changedMs(join(folder, name))));
  if (pom === undefined || source === undefined)
    throw new ServiceError('ERR_CONFIG', { detail: `${folder} holds no pom.xml and ${SOURCE} to build HAPI from` });
  return `${pom} ${source}`;
}

async function changedMs(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

function runMaven(
  maven: string,
  folder: string,
  more: readonly string[],
): Promise<{ readonly isOk: boolean; readonly words: string }> {
  return new Promise((resolve) => {
    const log = new LogTail();
    const child = spawn(maven, ['-B', '-q', '--no-transfer-progress', ...more, 'compile'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => log.add(chunk));
    child.stderr.on('data', (chunk: Buffer) => log.add(chunk));
    child.on('error', () => resolve({ isOk: false, words: `'${maven}' does not run` }));
    child.on('close', (code) => resolve({ isOk: code === 0, words: log.last(15) }));
  });
}
