import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { filesBelow, isFromContext, sources, type BuildContext } from './dockerfile-rules.js';
import { words, type Instruction, type Stage } from './dockerfile.js';

/** An image without a container: its files in a folder, and how it is started. */
export interface ImageFolder {
  /** What is `/` in the image, as far as the Dockerfile fills it. */
  readonly root: string;
  /** The folder that is the image's WORKDIR. */
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Folders that are the image's VOLUMEs: all else is never written. */
  readonly volumes: readonly string[];
  readonly uid: number;
  /** ENTRYPOINT and CMD. */
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  /** RUN lines that were run, with their seconds; those of a stage before the last included. */
  readonly ran: readonly { readonly text: string; readonly seconds: number }[];
}

interface StageFolder {
  readonly root: string;
  workdir: string;
  readonly environment: Record<string, string>;
  readonly volumes: string[];
}

/**
 * Does what the Dockerfile says, stage by stage, each in an empty folder below `target`: COPY copies (past .dockerignore), RUN runs its
 * command with the PATH of this process. An instruction it does not know is refused: nothing is left out silently.
 */
export function buildImageFolder(stages: readonly Stage[], context: BuildContext, target: string): ImageFolder {
  const built = new Map<string, StageFolder>();
  const ran: { text: string; seconds: number }[] = [];
  let current: StageFolder | undefined;
  for (const [index, { name, instructions }] of stages.entries()) {
    const root = join(target, name ?? `stage-${index}`);
    mkdirSync(root, { recursive: true });
    current = { root, workdir: root, environment: {}, volumes: [] };
    for (const instruction of instructions) apply(instruction, current, built, context, ran);
    if (name !== undefined) built.set(name, current);
  }
  const last = stages.at(-1)?.instructions ?? [];
  if (!current) throw new Error('no stage');
  const exec = (keyword: string): readonly string[] =>
    last.findLast((instruction) => instruction.keyword === keyword)?.exec ?? [];
  return {
    ...current,
    uid: Number(last.findLast(({ keyword }) => keyword === 'USER')?.text.split(':')[0]),
    command: [...exec('ENTRYPOINT'), ...exec('CMD')],
    healthCheck: exec('HEALTHCHECK'),
    ran,
  };
}

/** Takes the right to write from everybody, as a read-only root file system does. */
export function makeReadOnly(folder: string): void {
  for (const path of everythingIn(folder)) chmodSync(path, statSync(path).mode & 0o555);
}

/** Gives it back to the owner, so that the folder can be removed. */
export function makeWritable(folder: string): void {
  for (const path of everythingIn(folder)) chmodSync(path, statSync(path).mode | 0o200);
}

function everythingIn(folder: string): readonly string[] {
  const below = readdirSync(folder, { recursive: true, withFileTypes: true });
  return [
    folder,
    ...below.filter((entry) => !entry.isSymbolicLink()).map((entry) => join(entry.parentPath, entry.name)),
  ];
}

function apply(
  instruction: Instruction,
  stage: StageFolder,
  built: ReadonlyMap<string, StageFolder>,
  context: BuildContext,
  ran: { text: string; seconds: number }[],
): void {
  const { keyword, text, line } = instruction;
  switch (keyword) {
    case 'WORKDIR':
      stage.workdir = join(stage.root, text);
      mkdirSync(stage.workdir, { recursive: true });
      return;
    case 'ENV':
      for (const [, name = '', value = ''] of text.matchAll(/(\w+)=(\S+)/g)) stage.environment[name] = value;
      return;
    case 'COPY':
      copy(instruction, stage, built, context);
      return;
    case 'RUN': {
      const started = Date.now();
      execFileSync('sh', ['-c', text], {
        cwd: stage.workdir,
        env: { ...withoutNpm(process.env), ...stage.environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      ran.push({ text, seconds: (Date.now() - started) / 1000 });
      return;
    }
    case 'VOLUME':
      stage.volumes.push(join(stage.root, text));
      return;
    case 'LABEL':
    case 'USER':
    case 'EXPOSE':
    case 'STOPSIGNAL':
    case 'HEALTHCHECK':
    case 'ENTRYPOINT':
    case 'CMD':
      return;
    default:
      throw new Error(`line ${line}: ${keyword} is not known here`);
  }
}

function copy(
  instruction: Instruction,
  stage: StageFolder,
  built: ReadonlyMap<string, StageFolder>,
  context: BuildContext,
): void {
  const given = words(instruction.text).at(-1) ?? '';
  const destination = given.startsWith('/') ? join(stage.root, given) : join(stage.workdir, given);
  for (const source of sources(instruction)) {
    if (isFromContext(instruction)) {
      for (const file of filesBelow(context, source)) {
        // The content of a folder goes into the destination; a file into it, where it ends in a slash.
        const inside = file === source ? (given.endsWith('/') ? basename(file) : '') : file.slice(source.length + 1);
        place(join(context.folder, file), join(destination, inside));
      }
      continue;
    }
    const from = built.get(instruction.flags['from'] ?? '');
    if (!from) throw new Error(`line ${instruction.line}: no such stage`);
    const path = join(from.root, source);
    if (!existsSync(path)) throw new Error(`line ${instruction.line}: the stage has no ${source}`);
    place(path, destination);
  }
}

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** The environment without what npm tells the scripts it runs: an image is not built by one. */
function withoutNpm(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(npm_(?!config_(registry|cache|userconfig))|NODE_|JEST_|HEMOLENS_)/i.test(name),
    ),
  );
}
