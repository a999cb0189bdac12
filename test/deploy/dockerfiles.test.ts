import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseDockerIgnore } from './docker-ignore.js';
import { DOCKERFILE_RULES, filesBelow, type BuildContext } from './dockerfile-rules.js';
import { parseDockerfile } from './dockerfile.js';

const repository: BuildContext = { folder: '.', isIgnored: parseDockerIgnore(readFileSync('.dockerignore', 'utf8')) };
const DOCKERFILES = ['deploy/Dockerfile', 'deploy/hapi.Dockerfile'];

/** Follows every rule, within a context that has `package.json`, `package-lock.json`, `.npmrc`, `main.js` and an ignored `secret.txt`. */
const GOOD = `
FROM node:20.20.2-bookworm-slim AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:20.20.2-bookworm-slim
LABEL org.opencontainers.image.title="x" org.opencontainers.image.description="x" \\
      org.opencontainers.image.version="1.0.0" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=modules /app/node_modules ./node_modules
COPY main.js ./
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s CMD ["node", "--version"]
CMD ["node", "main.js"]
`;

/** Each breaks its rule, and only that: [rule, what is replaced, by what]. */
const BAD: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['every base image is pinned to a version', 'FROM node:20.20.2-bookworm-slim\n', 'FROM node:latest\n'],
  ['every base image is pinned to a version', 'FROM node:20.20.2-bookworm-slim\n', 'FROM node\n'],
  ['no ADD: nothing is fetched or unpacked on the way', 'COPY main.js ./', 'ADD https://example.org/main.js ./'],
  ['the last USER is a number other than 0', 'USER 1000:1000', 'USER 0'],
  ['the last USER is a number other than 0', 'USER 1000:1000', 'USER node'],
  ['the last USER is a number other than 0', 'USER 1000:1000\n', ''],
  [
    'npm installs after the lock file is copied and before the sources are',
    'COPY package.json package-lock.json .npmrc ./',
    'COPY package.json .npmrc ./',
  ],
  [
    'npm installs after the lock file is copied and before the sources are',
    'COPY package.json package-lock.json .npmrc ./',
    'COPY package.json package-lock.json .npmrc main.js ./',
  ],
  ['npm ci, never npm install', 'RUN npm ci --omit=dev', 'RUN npm ci --omit=dev && npm install left-pad'],
  ['the modules that are served are those of production', 'RUN npm ci --omit=dev', 'RUN npm ci'],
  [
    'apt-get without what is only recommended, its lists removed in the same layer',
    'COPY main.js ./',
    'COPY main.js ./\nRUN apt-get update && apt-get install -y --no-install-recommends curl',
  ],
  ['no secret in ENV, ARG or LABEL', 'USER 1000:1000', 'ENV NODE_ENV=production API_TOKEN=abc\nUSER 1000:1000'],
  ['HEALTHCHECK in exec form', 'CMD ["node", "--version"]', 'CMD node --version'],
  ['HEALTHCHECK in exec form', 'HEALTHCHECK --interval=10s CMD ["node", "--version"]\n', ''],
  ['ENTRYPOINT and CMD in exec form, at least one of them', '\nCMD ["node", "main.js"]', '\nCMD node main.js'],
  ['ENTRYPOINT and CMD in exec form, at least one of them', '\nCMD ["node", "main.js"]', ''],
  ['STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGTERM\n', ''],
  ['EXPOSE names a port that needs no privilege', 'EXPOSE 3000', 'EXPOSE 80'],
  ['WORKDIR before anything is copied or run', 'WORKDIR /app\nCOPY --from', 'COPY --from'],
  ['labels: title, description, version and licence', 'org.opencontainers.image.title="x"', ''],
  ['every source of COPY exists and reaches the builder', 'COPY main.js ./', 'COPY main.mjs ./'],
  ['every source of COPY exists and reaches the builder', 'COPY main.js ./', 'COPY main.js secret.txt ./'],
  ['COPY --from names an earlier stage', 'COPY main.js ./', 'COPY main.js ./\nCOPY --from=elsewhere /x ./x'],
  ['nothing is copied as a whole', 'COPY main.js ./', 'COPY . ./'],
];

let folder: string;
let small: BuildContext;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockerfile-'));
  for (const file of ['package.json', 'package-lock.json', '.npmrc', 'main.js', 'secret.txt'])
    writeFileSync(join(folder, file), '');
  small = { folder, isIgnored: parseDockerIgnore('secret.txt\n') };
});
afterAll(() => rmSync(folder, { recursive: true }));

function broken(text: string, context: BuildContext): readonly string[] {
  const stages = parseDockerfile(text);
  return DOCKERFILE_RULES.filter(({ check }) => check(stages, context).length > 0).map(({ name }) => name);
}

describe.each(DOCKERFILES)('%s', (file) => {
  const stages = parseDockerfile(readFileSync(file, 'utf8'));

  test.each(DOCKERFILE_RULES)('$name', ({ check }) => {
    expect(check(stages, repository)).toEqual([]);
  });
});

describe('the rules', () => {
  test('let a Dockerfile pass that follows them', () => {
    expect(broken(GOOD, small)).toEqual([]);
  });

  test.each(BAD)('%s: is broken by one that does not', (name, from, to) => {
    expect(GOOD).toContain(from);
    expect(broken(GOOD.replace(from, to), small)).toEqual([name]);
  });

  test('each of them was seen to fail', () => {
    expect([...new Set(BAD.map(([name]) => name))].sort()).toEqual(DOCKERFILE_RULES.map(({ name }) => name).sort());
  });
});

describe('.dockerignore', () => {
  test('lets through what is named, and nothing else at the top', () => {
    const kept = ['package.json', 'src/cli.ts', 'models/transfusion-open/manifest.json', 'test/hapi/server/pom.xml'];
    const out = [
      '.git/config',
      'node_modules/ajv/package.json',
      '.env',
      'datasets/a.parquet',
      'deploy/secrets/x',
      'dist/cli.js',
    ];
    expect(kept.filter(repository.isIgnored)).toEqual([]);
    expect(out.filter((path) => !repository.isIgnored(path))).toEqual([]);
  });

  test('keeps what was built beside the HAPI server out, and the tests', () => {
    expect(repository.isIgnored('test/hapi/server/target/classpath.txt')).toBe(true);
    expect(repository.isIgnored('test/deploy/dockerfiles.test.ts')).toBe(true);
  });

  test('the last pattern that fits decides, for a folder and what is in it', () => {
    const isIgnored = parseDockerIgnore('*\n!a\na/*.log\n**/deep\n!a/keep.log\n');
    expect(['b', 'a/x.log', 'a/b/deep', 'a/b/deep/er'].map(isIgnored)).toEqual([true, true, true, true]);
    expect(['a', 'a/x', 'a/b/x.log', 'a/keep.log'].map(isIgnored)).toEqual([false, false, false, false]);
  });

  test('no file that looks like a secret reaches the builder', () => {
    const sent = ['src', 'models', 'fhir-fixtures', 'test/hapi/server'].flatMap((path) => filesBelow(repository, path));
    expect(sent.length).toBeGreaterThan(100);
    expect(sent.filter((path) => /\.(env|pem|key|p12|jks)$|(^|\/)secrets?(\/|$)/i.test(path))).toEqual([]);
  });
});
