/** One native Float32Array for tests and onnxruntime: see test/support/node-realm-environment.js. */
export default {
  testEnvironment: '<rootDir>/test/support/node-realm-environment.js',
  // test/hapi needs a server of its own: jest.hapi.config.js. Left out here, since ignore patterns of a command line replace the file's.
  testMatch: ['<rootDir>/test/**/*.test.ts', '!**/test/hapi/**'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { experimental: { keepImportAttributes: true }, parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testTimeout: 60_000,
};
