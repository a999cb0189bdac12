import base from './jest.config.js';

/** The commands of the Dockerfile, run (`npm run test:deploy`): they install and compile everything anew, so `npm test` leaves them out. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/deploy/**/*.slow.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 600_000,
};
