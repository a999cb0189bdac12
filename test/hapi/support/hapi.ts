import { randomUUID } from 'node:crypto';

/** Base of the HAPI server of this run, which `global-setup.js` started. Throws where a test runs without it. */
export function hapiBase(): string {
  const base = process.env['HEMOLENS_TEST_HAPI'];
  if (base === undefined) throw new Error('no HAPI server: run these tests with npm run test:hapi');
  return base;
}

/** The server of this run as a process that may be killed, and the folder it keeps its data in; undefined where it was only named. */
export function hapiOfThisRun():
  { readonly baseUrl: string; readonly pid: number; readonly folder: string } | undefined {
  const [pid, folder] = [process.env['HEMOLENS_TEST_HAPI_PID'], process.env['HEMOLENS_TEST_HAPI_DATA']];
  return pid === undefined || folder === undefined ? undefined : { baseUrl: hapiBase(), pid: Number(pid), folder };
}

/** An id that no other test and no other run has: the server is shared, and nothing in it is ever cleared. */
export function freshId(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 13)}`;
}
