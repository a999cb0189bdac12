/** The health checks of the images, run as they are written, against a server that answers what is asked for. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { parseDockerfile } from './dockerfile.js';

const CHECKS = [
  { file: 'deploy/Dockerfile', portVariable: 'HEMOLENS_PORT', path: '/readyz' },
  { file: 'deploy/hapi.Dockerfile', portVariable: 'SERVER_PORT', path: '/fhir/metadata' },
] as const;

describe.each(CHECKS)('the health check of $file', ({ file, portVariable, path }) => {
  const last = parseDockerfile(readFileSync(file, 'utf8')).at(-1);
  const words = last?.instructions.find(({ keyword }) => keyword === 'HEALTHCHECK')?.exec ?? [];
  const check = (port: number): Promise<number | null> => exitCode(words, { [portVariable]: String(port) });

  test(`asks for ${path} and passes on 200`, async () => {
    const asked: string[] = [];
    expect(await withServer(200, asked, check)).toBe(0);
    expect(asked).toEqual([path]);
  });

  test('fault: fails on 503, and where nothing listens', async () => {
    expect(await withServer(503, [], check)).not.toBe(0);
    const closed = await withServer(200, [], (port) => Promise.resolve(port));
    expect(await check(closed)).not.toBe(0);
  });
});

async function withServer<T>(status: number, asked: string[], use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(status, { 'Content-Type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function exitCode(words: readonly string[], variables: Readonly<Record<string, string>>): Promise<number | null> {
  const [command = '', ...args] = words;
  const child = spawn(command, args, { env: { PATH: process.env['PATH'], ...variables }, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
