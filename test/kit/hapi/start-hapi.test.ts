import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildHapi } from '../../../src/kit/hapi/build-hapi.js';
import { javaAndMaven } from '../../../src/kit/hapi/java-and-maven.js';
import { LogTail } from '../../../src/kit/hapi/log-tail.js';
import { startHapi } from '../../../src/kit/hapi/start-hapi.js';

/** Programs that say what Java and Maven would: no test here boots the real server, test/hapi does. */
let folder: string;
const script = async (name: string, lines: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
};

let maven: string;
let mavenSaves: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hemolens-hapi-'));
  maven = await script('mvn', 'echo "Apache Maven 3.8.7"');
  // Fails offline, as with an empty local repository; online it builds, and notes that it ran.
  mavenSaves = await script(
    'mvn-saves',
    `for a in "$@"; do [ "$a" = -o ] && { echo "offline: artefacts are missing"; exit 1; }; done
mkdir -p target/classes; touch target/classes/HapiServer.class; printf '%s' "$PWD/a.jar" > target/classpath.txt; echo x >> runs`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const java = (name: string, more = ''): Promise<string> =>
  script(name, `if [ "$1" = -version ]; then echo 'openjdk version "17.0.15" 2025-04-15' >&2; exit 0; fi\n${more}`);

const sources = async (name: string): Promise<string> => {
  const server = join(folder, name);
  await mkdir(server);
  await writeFile(join(server, 'pom.xml'), '<project/>');
  await writeFile(join(server, 'HapiServer.java'), '');
  await writeFile(join(server, 'a.jar'), '');
  return server;
};

describe('Java and Maven', () => {
  test('are found with their version', async () => {
    const found = await javaAndMaven({ java: await java('java'), maven });
    expect(found).toMatchObject({ kind: 'found', javaVersion: 17 });
  });

  test('fault: no Java, an old Java and no Maven are said, not thrown', async () => {
    const old = await script('java-8', `echo 'java version "1.8.0_392"' >&2`);
    const answers = [
      await javaAndMaven({ java: join(folder, 'no-java'), maven }),
      await javaAndMaven({ java: old, maven }),
      await javaAndMaven({ java: await java('java'), maven: join(folder, 'no-maven') }),
    ];
    expect(answers).toMatchObject([
      { kind: 'missing', why: expect.stringMatching(/no Java here.*Java 17 or newer/) },
      { kind: 'missing', why: expect.stringMatching(/version 8;/) },
      { kind: 'missing', why: expect.stringMatching(/no Maven here/) },
    ]);
  });
});

describe('the build', () => {
  test('asks Maven for the network only where it cannot do without, and is not done again while nothing changed', async () => {
    const server = await sources('incremental');
    const tools = { kind: 'found', java: await java('java'), maven: mavenSaves, javaVersion: 17 } as const;
    const build = async (): Promise<string> => (await buildHapi({ tools, folder: server })).built;
    expect([await build(), await build()]).toEqual(['online', 'already']);
    await utimes(join(server, 'HapiServer.java'), new Date(), new Date(Date.now() + 60_000));
    expect([await build(), await build()]).toEqual(['online', 'already']);
    await rm(join(server, 'a.jar'));
    await expect(build()).rejects.toThrow(/not complete/);
  });

  test('fault: what Maven said last is told', async () => {
    const failing = await script('mvn-fails', 'echo "Could not resolve ca.uhn.hapi.fhir"; exit 1');
    const tools = { kind: 'found', java: await java('java'), maven: failing, javaVersion: 17 } as const;
    await expect(buildHapi({ tools, folder: await sources('failing') })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      detail: expect.stringMatching(/Could not resolve ca\.uhn\.hapi\.fhir/),
    });
  });
});

describe('the start', () => {
  const start = async (name: string, lines: string): Promise<unknown> => {
    const tools = { kind: 'found', java: await java(name, lines), maven: mavenSaves, javaVersion: 17 } as const;
    const server = await startHapi({ tools, serverFolder: await sources(`${name}-server`), bootSeconds: 1 });
    await server.kill();
    return server;
  };

  test('fault: without Java nothing is built', async () => {
    await expect(startHapi({ tools: { kind: 'missing', why: 'there is no Java here' } })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      detail: 'there is no Java here',
    });
  });

  test('bad call: a port that is taken is named', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const tools = { kind: 'found', java: await java('java'), maven, javaVersion: 17 } as const;
    await expect(startHapi({ port, tools })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      detail: expect.stringMatching(new RegExp(`port ${port} `)),
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test('fault: a server that ends while it boots leaves its last words in the error', async () => {
    await expect(start('java-dies', 'echo "H2 is locked by another process"; exit 3')).rejects.toMatchObject({
      code: 'ERR_FHIR_UPSTREAM',
      detail: expect.stringMatching(/ended before it answered[^]*H2 is locked/),
    });
  });

  test('fault: a server that does not answer in time is ended', async () => {
    await expect(start('java-hangs', 'echo "still booting"; exec sleep 600')).rejects.toMatchObject({
      code: 'ERR_FHIR_UPSTREAM',
      detail: expect.stringMatching(/within 1 s[^]*still booting/),
    });
  });
});

test('a log keeps its last lines, whole, however they arrive', () => {
  const lines: string[] = [];
  const log = new LogTail((line) => lines.push(line));
  log.add('one\ntw');
  log.add('o\n\nthr');
  expect(lines).toEqual(['one', 'two', '']);
  expect(log.last(2)).toBe('two\nthr');
});
