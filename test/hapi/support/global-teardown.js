import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const hapi = globalThis.hemolensTestHapi;
  if (hapi === undefined) return;
  await hapi.stop();
  await rm(process.env.HEMOLENS_TEST_HAPI_DATA, { recursive: true, force: true });
}
