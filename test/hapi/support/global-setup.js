import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHapi } from '../../../dist/kit/hapi/start-hapi.js';

/**
 * One HAPI for the run, or the one that HEMOLENS_TEST_HAPI names (`hemolens hapi start` saves the boot while writing tests). From `dist/`:
 * jest does not transform ES modules of its own set-up.
 */
export default async function globalSetup() {
  if (process.env.HEMOLENS_TEST_HAPI) return;
  // In files, so that the last test file can kill it and start it again with what it held.
  const databaseFolder = await mkdtemp(join(tmpdir(), 'hemolens-hapi-'));
  // More patience than a person has: the machine may be busy with other suites.
  const hapi = await startHapi({
    bootSeconds: 300,
    databaseFolder,
    onProgress: (text) => process.stderr.write(`\n${text}`),
  });
  process.stderr.write(`\nHAPI answers on ${hapi.baseUrl} after ${(hapi.bootMs / 1000).toFixed(1)} s\n`);
  process.env.HEMOLENS_TEST_HAPI = hapi.baseUrl;
  process.env.HEMOLENS_TEST_HAPI_PID = String(hapi.pid);
  process.env.HEMOLENS_TEST_HAPI_DATA = databaseFolder;
  globalThis.hemolensTestHapi = hapi;
}
