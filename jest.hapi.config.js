import { javaAndMaven } from './dist/kit/hapi/java-and-maven.js';
import base from './jest.config.js';

/**
 * The tests that need a real HAPI FHIR server (`npm run test:hapi`, which builds `dist/` first). Where Java or Maven is missing there are
 * none, and that is said.
 */
export default async function hapiConfiguration() {
  const tools = await javaAndMaven();
  if (tools.kind === 'missing') {
    process.stderr.write(`The tests on a real HAPI server are skipped: ${tools.why}.\n`);
    return { ...base, testMatch: [], passWithNoTests: true };
  }
  return {
    ...base,
    testMatch: ['<rootDir>/test/hapi/**/*.test.ts'],
    globalSetup: '<rootDir>/test/hapi/support/global-setup.js',
    globalTeardown: '<rootDir>/test/hapi/support/global-teardown.js',
    // One server for all: files that run beside each other would only wait for it.
    maxWorkers: 1,
    testSequencer: '<rootDir>/test/hapi/support/server-faults-last.js',
    testTimeout: 60_000,
  };
}
