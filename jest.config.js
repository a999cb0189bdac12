/** One native Float32Array for tests and onnxruntime: see test/support/node-realm-environment.js. */
export default {
  testEnvironment: '<rootDir>/test/support/node-realm-environment.js',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // They need a server of their own: jest.hapi.config.js.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/hapi/'],
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
  testTimeout: 20000,
};
