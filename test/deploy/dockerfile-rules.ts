import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { IsIgnored } from './docker-ignore.js';
import { words, type Instruction, type Stage } from './dockerfile.js';

/** What the COPY sources of a Dockerfile are looked for in. */
export interface BuildContext {
  readonly folder: string;
  readonly isIgnored: IsIgnored;
}

/** A rule and where it is broken: `line 3: …`. */
export interface DockerfileRule {
  readonly name: string;
  readonly check: (stages: readonly Stage[], context: BuildContext) => readonly string[];
}

/** Is an image named with a tag that tells a version (or with a digest)? `latest`, `17` and nothing do not. */
export function isPinned(image: string): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag !== undefined && /\d+\.\d+/.test(tag);
}

const SECRET = /(pass(word|wd)?|secret|token|api_?key|credential|private_?key)/i;
const SERVED = 'the last stage';

/** What hadolint and a careful reader would ask of our Dockerfiles. */
export const DOCKERFILE_RULES: readonly DockerfileRule[] = [
  rule('every base image is pinned to a version', (stages) => {
    const own = new Set(stages.map(({ name }) => name));
    return stages
      .filter(({ image }) => !own.has(image) && !isPinned(image))
      .map(({ image, line }) => `line ${line}: ${image}`);
  }),
  each('no ADD: nothing is fetched or unpacked on the way', ({ keyword }) => keyword === 'ADD'),
  rule('the last USER is a number other than 0', (stages) => {
    const user = last(stages, 'USER')?.text ?? '';
    return /^[1-9]\d*(:[1-9]\d*)?$/.test(user) ? [] : [`${SERVED} runs as '${user || 'root'}'`];
  }),
  rule('npm installs after the lock file is copied and before the sources are', (stages) =>
    stages.flatMap(({ instructions }) => {
      const install = instructions.findIndex(
        ({ keyword, text }) => keyword === 'RUN' && /\bnpm (ci|install)\b/.test(text),
      );
      if (install < 0) return [];
      const copied = instructions.slice(0, install).filter(isFromContext).flatMap(sources);
      const lacking = ['package.json', 'package-lock.json', '.npmrc'].filter((file) => !copied.includes(file));
      const early = copied.filter((file) => !['package.json', 'package-lock.json', '.npmrc'].includes(file));
      const line = instructions[install]?.line ?? 0;
      return [
        ...lacking.map((file) => `line ${line}: ${file} is not copied before it`),
        ...early.map((file) => `line ${line}: a change of ${file} would install everything again`),
      ];
    }),
  ),
  each('npm ci, never npm install', ({ keyword, text }) => keyword === 'RUN' && /\bnpm (install|i|add)\b/.test(text)),
  rule('the modules that are served are those of production', (stages) => {
    const given = stages
      .at(-1)
      ?.instructions.filter((one) => sources(one).some((path) => path.endsWith('node_modules')));
    return (given ?? []).flatMap(({ flags, line }) => {
      const from = stages.find(({ name }) => name !== undefined && name === flags['from']);
      const isLean = from?.instructions.some(
        ({ keyword, text }) => keyword === 'RUN' && /\bnpm ci --omit=dev\b/.test(text),
      );
      return isLean === true ? [] : [`line ${line}: not from a stage with npm ci --omit=dev`];
    });
  }),
  each('apt-get without what is only recommended, its lists removed in the same layer', ({ keyword, text }) => {
    if (keyword !== 'RUN' || !/\bapt(-get)? install\b/.test(text)) return false;
    return !text.includes('--no-install-recommends') || !/rm -rf \/var\/lib\/apt\/lists/.test(text);
  }),
  each('no secret in ENV, ARG or LABEL', ({ keyword, text }) => {
    if (!['ENV', 'ARG', 'LABEL'].includes(keyword)) return false;
    return [...text.matchAll(/([\w.-]+)(?:=|\s|$)/g)].some(([, name = '']) => SECRET.test(name));
  }),
  rule('HEALTHCHECK in exec form', (stages) => {
    const check = last(stages, 'HEALTHCHECK');
    return check?.exec ? [] : [`${SERVED} has ${check ? 'one in shell form' : 'none'}`];
  }),
  rule('ENTRYPOINT and CMD in exec form, at least one of them', (stages) => {
    const starts = [last(stages, 'ENTRYPOINT'), last(stages, 'CMD')].filter((one) => one !== undefined);
    const shell = starts
      .filter(({ exec }) => !exec)
      .map(({ keyword, line }) => `line ${line}: ${keyword} in shell form`);
    return starts.length === 0 ? [`${SERVED} starts nothing`] : shell;
  }),
  rule('STOPSIGNAL SIGTERM', (stages) =>
    last(stages, 'STOPSIGNAL')?.text === 'SIGTERM' ? [] : [`${SERVED} has it not`],
  ),
  rule('EXPOSE names a port that needs no privilege', (stages) => {
    const port = Number(last(stages, 'EXPOSE')?.text ?? NaN);
    return port >= 1024 ? [] : [`${SERVED} exposes ${String(port)}`];
  }),
  rule('WORKDIR before anything is copied or run', (stages) =>
    stages.flatMap(({ instructions }) => {
      const place = instructions.findIndex(({ keyword }) => keyword === 'WORKDIR');
      const first = instructions.findIndex(({ keyword }) => keyword === 'COPY' || keyword === 'RUN');
      return first >= 0 && (place < 0 || place > first) ? [`line ${instructions[first]?.line ?? 0}`] : [];
    }),
  ),
  rule('labels: title, description, version and licence', (stages) => {
    const labels = (stages.at(-1)?.instructions ?? [])
      .filter(({ keyword }) => keyword === 'LABEL')
      .map(({ text }) => text);
    return ['title', 'description', 'version', 'licenses']
      .filter((name) => !labels.join(' ').includes(`org.opencontainers.image.${name}=`))
      .map((name) => `org.opencontainers.image.${name} is missing`);
  }),
  rule('every source of COPY exists and reaches the builder', (stages, context) =>
    stages
      .flatMap(({ instructions }) => instructions.filter(isFromContext))
      .flatMap((copy) =>
        sources(copy).flatMap((path) => {
          if (!existsSync(join(context.folder, path))) return [`line ${copy.line}: there is no ${path}`];
          return filesBelow(context, path).length > 0 ? [] : [`line ${copy.line}: .dockerignore keeps ${path} out`];
        }),
      ),
  ),
  rule('COPY --from names an earlier stage', (stages) =>
    stages.flatMap(({ instructions }, index) => {
      const earlier = new Set(stages.slice(0, index).map(({ name }) => name));
      return instructions
        .filter(
          ({ keyword, flags }) => keyword === 'COPY' && flags['from'] !== undefined && !earlier.has(flags['from']),
        )
        .map(({ flags, line }) => `line ${line}: ${flags['from'] ?? ''}`);
    }),
  ),
  each(
    'nothing is copied as a whole',
    (instruction) =>
      isFromContext(instruction) && sources(instruction).some((path) => path === '.' || path.includes('*')),
  ),
];

/** Sources of a COPY or ADD. */
export function sources({ keyword, text }: Instruction): readonly string[] {
  return keyword === 'COPY' || keyword === 'ADD' ? words(text).slice(0, -1) : [];
}

/** Does it copy from the build context, not from another stage? */
export function isFromContext({ keyword, flags }: Instruction): boolean {
  return keyword === 'COPY' && flags['from'] === undefined;
}

/** Files at or below a path of the context that `.dockerignore` lets through. */
export function filesBelow({ folder, isIgnored }: BuildContext, path: string): readonly string[] {
  const top = join(folder, path);
  if (statSync(top).isFile()) return isIgnored(path) ? [] : [path];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !isIgnored(file));
}

function rule(name: string, check: DockerfileRule['check']): DockerfileRule {
  return { name, check };
}

/** A rule that no instruction may break. */
function each(name: string, isBroken: (instruction: Instruction) => boolean): DockerfileRule {
  return rule(name, (stages) =>
    stages
      .flatMap(({ instructions }) => instructions)
      .filter(isBroken)
      .map(({ keyword, text, line }) => `line ${line}: ${keyword} ${text}`),
  );
}

function last(stages: readonly Stage[], keyword: string): Instruction | undefined {
  return stages.at(-1)?.instructions.findLast((instruction) => instruction.keyword === keyword);
}
