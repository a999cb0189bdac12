/**
 * Who may import whom: the import table of docs/architecture.md, one entry a folder.
 * A folder that is not named may not be imported.
 */
const mayImport = {
  errors: [],
  logging: ['errors', 'config'],
  config: ['errors'],
  concepts: ['errors'],
  record: ['concepts', 'errors'],
  'cds-hooks': ['errors'],
  clients: ['errors'],
  orders: ['cds-hooks', 'record', 'concepts', 'errors'],
  features: ['record', 'concepts', 'errors'],
  fhir: ['cds-hooks', 'clients', 'record', 'concepts', 'config', 'errors', 'logging'],
  ensemble: ['features', 'errors', 'logging'],
  explanation: ['features', 'ensemble', 'record', 'concepts', 'errors'],
  cards: ['cds-hooks', 'clients', 'explanation', 'ensemble', 'assessment', 'record', 'concepts', 'features', 'errors'],
  assessment: [
    'cds-hooks',
    'clients',
    'orders',
    'fhir',
    'record',
    'concepts',
    'features',
    'ensemble',
    'explanation',
    'cards',
    'store',
    'errors',
    'logging',
    'config',
  ],
  monitoring: ['errors', 'logging'],
  'model-card': ['ensemble', 'features', 'errors'],
  http: ['cds-hooks', 'clients', 'model-card', 'assessment', 'store', 'errors', 'logging', 'config'],
  store: ['assessment', 'cds-hooks', 'clients', 'config', 'errors', 'logging'],
  cohort: ['record', 'concepts', 'orders', 'cds-hooks', 'features', 'ensemble', 'config', 'errors'],
  sandbox: ['cds-hooks', 'record', 'concepts', 'cohort', 'errors'],
  kit: ['cds-hooks', 'fhir', 'orders', 'record', 'concepts', 'cohort', 'sandbox', 'config', 'errors'],
  replay: ['cohort', 'record', 'features', 'ensemble', 'cds-hooks', 'sandbox', 'concepts', 'errors'],
};

const rooms = Object.keys(mayImport);
mayImport.commands = rooms;
mayImport.composition = rooms.filter((room) => room !== 'commands');

const folderRules = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `${folder}-may-import`,
  comment: `src/${folder} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

/** Folders that may use another room's types but none of its code. */
const typesOnly = [
  ['cards', '(explanation|ensemble|assessment)'],
  ['http', '(assessment|store)'],
  ['store', 'assessment'],
  ['orders', 'record'],
].map(([folder, target]) => ({
  name: `${folder}-uses-types-of-${target.replace(/[^a-z]+/g, '-')}`,
  comment: `src/${folder} may use only the types of src/${target}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: `^src/${target}/`, dependencyTypesNot: ['type-only'] },
}));

/** Packages that live in one room. */
const onlyIn = [
  ['fhir-kit-client', 'fhir'],
  ['onnxruntime-node', 'ensemble'],
  ['@xenova/transformers', 'ensemble'],
  ['@duckdb/', 'cohort'],
  ['@electric-sql/pglite', 'store'],
  ['pg/', 'store'],
  ['winston', 'logging'],
  ['prom-client', 'monitoring'],
  ['jose', '(kit|http)/'],
  ['express', '(http/|app\\.ts|sandbox/)'],
  ['helmet', 'http'],
  ['rate-limiter-flexible', 'http'],
  ['ajv', '(cds-hooks|clients|config|features|ensemble|orders|concepts)/'],
].map(([pkg, room]) => ({
  name: `${pkg.replace(/[^a-z]+/g, '')}-only-in-its-room`,
  comment: `${pkg} is used in src/${room} only`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${room.includes('/') || room.includes('(') ? room : `${room}/`}` },
  to: { path: `node_modules/${pkg}` },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'entry-points-are-not-imported',
      comment: 'nothing imports server.ts, app.ts or cli.ts, but the entry points themselves',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(server|app|cli)\\.ts$' },
      to: { path: '^src/(server|app|cli)\\.ts$' },
    },
    {
      name: 'sandbox-is-for-trying',
      comment: 'nothing imports sandbox but replay, the tester’s kit and the entry points',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(sandbox|replay|kit|commands)/|^src/(server|app|cli)\\.ts$' },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'features-are-pure',
      comment: 'no I/O in features: no node built-ins, no packages but ajv for the spec',
      severity: 'error',
      from: { path: '^src/features/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'commands-are-for-the-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(commands/|cli\\.ts$)' },
      to: { path: '^src/commands/' },
    },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '(^src/cli\\.ts|\\.d\\.ts)$' }, to: {} },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^fhir/r4' } },
    {
      name: 'no-dev-packages',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types' },
    },
    ...folderRules,
    ...typesOnly,
    ...onlyIn,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
