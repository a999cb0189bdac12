import { startHapi } from '../../../dist/kit/hapi/start-hapi.js';

/** One HAPI for the run, from `dist/`: jest does not transform ES modules of its own set-up. */
export default async function globalSetup() {
  const hapi = await startHapi({ onProgress: (text) => process.stderr.write(`\n${text}`) });
  process.stderr.write(`\nHAPI answers on ${hapi.baseUrl} after ${(hapi.bootMs / 1000).toFixed(1)} s\n`);
  process.env.HEMOLENS_TEST_HAPI = hapi.baseUrl;
  globalThis.hemolensTestHapi = hapi;
}
