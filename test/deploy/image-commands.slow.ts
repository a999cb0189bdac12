/**
 * The image of the service without a container engine: the commands of deploy/Dockerfile, read from it, in an empty folder; then the
 * service as the image starts it, by the image's user and with files that nobody may write.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadFixture } from '../../src/sandbox/load-resources.js';
import { cdsTestClient } from '../support/cds-client.js';
import { parseDockerIgnore } from './docker-ignore.js';
import { parseDockerfile } from './dockerfile.js';
import { buildImageFolder, makeReadOnly, makeWritable, type ImageFolder } from './image-folder.js';

const SERVICE_ID = 'transfusion-mortality-risk';
const START_SECONDS = 60;

const isRoot = process.getuid?.() === 0;
const stepsDown = isRoot && spawnSync('setpriv', ['--version']).status === 0;
const isHeld = stepsDown || !isRoot;
if (!isHeld) process.stderr.write('Skipped: files that nobody may write, for this is root and there is no setpriv.\n');

let target: string;
let image: ImageFolder;

beforeAll(() => {
  target = mkdtempSync(join(tmpdir(), 'image-'));
  chmodSync(target, 0o755);
  const stages = parseDockerfile(readFileSync('deploy/Dockerfile', 'utf8'));
  image = buildImageFolder(
    stages,
    { folder: '.', isIgnored: parseDockerIgnore(readFileSync('.dockerignore', 'utf8')) },
    target,
  );
  makeReadOnly(image.root);
  for (const volume of image.volumes) chmodSync(volume, 0o777);
});
afterAll(() => {
  makeWritable(image.root);
  rmSync(target, { recursive: true, force: true });
});

describe('the image of the service', () => {
  test('is made by npm ci, the build, npm ci without development packages', () => {
    const told = image.ran.map(({ text, seconds }) => `${seconds.toFixed(1)} s  ${text.slice(0, 80)}`);
    process.stderr.write(`${told.join('\n')}\n${megabytes(image.root)} MB in the image beside its base\n`);
    expect(image.ran.map(({ text }) => text.split(' && ')[0])).toEqual([
      'npm ci',
      'npm run build',
      'mkdir data',
      'npm ci --omit=dev',
    ]);
  });

  test('holds what serving needs: no compiler, no tests, no libraries of another system, under 260 MB', () => {
    const modules = join(image.workdir, 'node_modules');
    expect(['typescript', 'jest', 'yaml', 'onnxruntime-web'].filter((name) => existsSync(join(modules, name)))).toEqual(
      [],
    );
    expect(readdirSync(join(modules, 'onnxruntime-node/bin/napi-v6/linux'))).toEqual([process.arch]);
    expect(readdirSync(image.workdir).sort()).toEqual(
      ['LICENSE', 'cds-services.json', 'dist', 'fhir-fixtures', 'models', 'node_modules', 'package.json'].sort(),
    );
    expect(megabytes(image.root)).toBeLessThan(260);
  });

  test('its service becomes healthy by its own check, answers, writes to its volume alone, and ends with 0 on SIGTERM', async () => {
    const before = listing(image.root);
    const service = await startService();
    try {
      const client = cdsTestClient(service.url);
      expect((await client.discover()).body).toEqual(JSON.parse(readFileSync('cds-services.json', 'utf8')));
      const { hookRequest, resources } = await loadFixture('fhir-fixtures/bleeding-and-unstable', Date.now());
      const { status, text } = await client.call(SERVICE_ID, {
        ...Object(hookRequest),
        prefetch: prefetchOf(resources),
      });
      expect({ status, isCard: text.includes('7-day mortality risk predicted') }).toEqual({
        status: 200,
        isCard: true,
      });
    } finally {
      service.process.kill('SIGTERM');
    }
    expect(await service.ended).toBe(0);
    expect(health(service.port)).not.toBe(0);
    expect(listing(image.root)).toEqual(before);
    for (const volume of image.volumes) expect(readdirSync(volume)).toEqual(['store']);
  });

  (isHeld ? test : test.skip)('its files cannot be written by its user', () => {
    expect(runInImage(['touch', join(image.workdir, 'package.json'), join(image.workdir, 'new')], 0).status).not.toBe(
      0,
    );
    expect(existsSync(join(image.workdir, 'new'))).toBe(false);
  });

  test('its demo runs: FHIR, notes and every part of the model work with what was left in', () => {
    const { status, stdout, stderr } = runInImage([...image.command.slice(0, -1), 'demo', '--once', '--json'], 0);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const answer: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(answer).toMatchObject({ responses: [expect.anything(), expect.anything(), expect.anything()] });
  });

  test('its model bundles verify', () => {
    for (const bundle of readdirSync(join(image.workdir, 'models')).filter((name) => name !== 'encoders')) {
      const { status, stderr } = runInImage([...image.command.slice(0, -1), 'model', 'verify', `models/${bundle}`], 0);
      expect({ bundle, status, stderr }).toMatchObject({ status: 0 });
    }
  });

  test('bad call: an address that others can reach is refused', () => {
    const { status, stderr } = runInImage(image.command, 0, { HEMOLENS_HOST: '0.0.0.0' });
    expect(status).toBe(1);
    expect(stderr).toContain('HEMOLENS_ALLOW_OPEN_NETWORK=true');
  });
});

interface Started {
  readonly process: ChildProcess;
  readonly port: number;
  readonly url: string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

async function startService(): Promise<Started> {
  const port = await freePort();
  const [command, args] = asUser(image.command);
  const child = spawn(command, args, {
    cwd: image.workdir,
    env: environment(port),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | string | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  );
  for (let second = 0; health(port) !== 0; second += 1) {
    if (child.exitCode !== null || second >= START_SECONDS) {
      child.kill('SIGKILL');
      throw new Error(`the service did not become healthy: ${said}`);
    }
    await sleep(1000);
  }
  return { process: child, port, url: `http://127.0.0.1:${port}`, ended };
}

/** Exit code of the image's HEALTHCHECK. */
function health(port: number): number | null {
  return runInImage(image.healthCheck, port).status;
}

function runInImage(words: readonly string[], port: number, more: Readonly<Record<string, string>> = {}) {
  const [command, args] = asUser(words);
  return spawnSync(command, args, {
    cwd: image.workdir,
    env: { ...environment(port), ...more },
    encoding: 'utf8',
    timeout: 120_000,
  });
}

/** What the image sets, and where programs are; no home, and no folder for scratch files but one that cannot be written. */
function environment(port: number): Record<string, string> {
  return {
    ...image.environment,
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    TMPDIR: image.workdir,
    HEMOLENS_PORT: String(port),
    HEMOLENS_STORE_DIR: join(image.root, image.environment['HEMOLENS_STORE_DIR'] ?? ''),
  };
}

/** root writes where nobody may: it steps down to the image's user. Others are held by the files' modes as they are. */
function asUser(words: readonly string[]): [command: string, args: string[]] {
  const [command = '', ...args] = words;
  if (!stepsDown) return [command, args];
  return ['setpriv', [`--reuid=${image.uid}`, `--regid=${image.uid}`, '--clear-groups', command, ...args]];
}

function prefetchOf(resources: readonly { readonly resourceType: string }[]): Record<string, unknown> {
  const bundle = (type: string) => ({
    resourceType: 'Bundle',
    type: 'searchset',
    entry: resources.filter(({ resourceType }) => resourceType === type).map((resource) => ({ resource })),
  });
  const patient = resources.find(({ resourceType }) => resourceType === 'Patient');
  const observations = bundle('Observation');
  return { patient, labs: observations, vitals: observations, bedside: observations, encounters: bundle('Encounter') };
}

/** Every file and folder with its size and time of change. */
/** Everything in the folder but its volumes. */
function listing(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !image.volumes.some((volume) => path.startsWith(volume)))
    .sort()
    .map((path) => {
      const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
      return `${path} ${size} ${mtimeMs}`;
    });
}

function megabytes(folder: string): number {
  return Number(execFileSync('du', ['-sm', folder], { encoding: 'utf8' }).split('\t')[0]);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
