import tseslint from 'typescript-eslint';

/** The gate tests in three time zones only what reads or writes a wall clock: nowhere else may the machine's zone matter. */
const LOCAL_TIME = [
  ...['getFullYear', 'getMonth', 'getDate', 'getDay', 'getHours', 'getMinutes', 'getSeconds', 'getTimezoneOffset'],
  ...['setFullYear', 'setMonth', 'setDate', 'setHours', 'setMinutes', 'setSeconds'],
  ...['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString', 'toDateString', 'toTimeString'],
];

const ONE_CLIENT = 'Ask the service through test/support/cds-client.ts, which scans every answer (req. 2).';
/** Ways to send a request; servers may be made of these modules all the same. */
const SENDING = {
  http: ['request', 'get', 'default'],
  https: ['request', 'get', 'default'],
  net: ['connect', 'createConnection', 'Socket', 'default'],
  tls: ['connect', 'default'],
};
/** What in test/ sends requests of its own: to other servers than the service, or bytes that are no HTTP. */
const MAY_SEND = [
  'test/support/**',
  'test/sandbox/**', // the embedded FHIR server
  'test/hapi/**', // HAPI
  'test/kit/**', // other services, stubs of them, FHIR servers
  'test/deploy/**', // what the image's health check and the .http file send
  'test/http/http-server.test.ts', // a bare listener
  'test/http/bad-calls.test.ts', // a call that is cut off
  'test/http/client-jwt/{any-mutation,hostile-tokens}.test.ts', // headers to the byte; two headers of one name
  'test/http/{fuzz,hardening,limits}.test.ts', // broken HTTP, sockets that stall, calls that are left
  'test/http/request-origin.test.ts', // a socket's address
  'test/http/tls.test.ts', // certificates of its own
];

export default tseslint.config(
  { ignores: ['dist', '.venv', 'fhir-fixtures', 'coverage', 'node_modules', 'models', 'training', '**/*.cjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'No default exports (style.md).' },
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only src/config reads the environment.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length>1]",
          message: 'Local time depends on the machine: use Date.UTC.',
        },
      ],
    },
  },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...LOCAL_TIME.map((property) => ({ property, message: 'Local time depends on the machine: use UTC.' })),
      ],
    },
  },
  { files: ['src/config/**', 'test/**', 'bench/**'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['test/**/*.ts'],
    ignores: MAY_SEND,
    rules: {
      'no-restricted-globals': ['error', { name: 'fetch', message: ONE_CLIENT }],
      'no-restricted-properties': ['error', { object: 'globalThis', property: 'fetch', message: ONE_CLIENT }],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            ...Object.entries(SENDING).flatMap(([name, importNames]) =>
              [name, `node:${name}`].map((path) => ({ name: path, importNames, message: ONE_CLIENT })),
            ),
            ...['http2', 'node:http2', 'undici'].map((name) => ({ name, message: ONE_CLIENT })),
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportExpression[source.value=/^(node:)?(https?|http2|net|tls)$|^undici/]',
          message: ONE_CLIENT,
        },
      ],
    },
  },
  {
    files: ['*.config.js', 'test/**/*.js', 'tools/**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
