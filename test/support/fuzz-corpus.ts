import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';

/** One hostile request, ready to be sent. */
export interface FuzzCase {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** How it goes over the wire: as one message, in small chunks, or with a length that is not true. */
  readonly wire: 'length' | 'chunked' | 'too-long' | 'too-short' | 'broken-chunk';
}

const FIXTURES = new URL('../../fhir-fixtures/', import.meta.url);
const SERVICE_PATH = '/cds-services/transfusion-mortality-risk';
const CARD = '9368d37b-283f-44a0-93ea-547cebab93ed';

/** The hook calls of the fixtures with a small chart, and feedback of every form. */
export function seeds(): readonly { readonly path: string; readonly value: unknown }[] {
  const hooks = readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }): unknown => JSON.parse(readFileSync(new URL(`${name}/hook-request.json`, FIXTURES), 'utf8')));
  const withChart = hooks.map((hook) => ({
    path: SERVICE_PATH,
    value: { ...asRecord(hook), prefetch: smallChart(hook) },
  }));
  const time = '2026-03-02T09:00:00Z';
  const feedback = [
    { card: CARD, outcome: 'accepted', acceptedSuggestions: [{ id: CARD }], outcomeTimestamp: time },
    { card: CARD, outcome: 'overridden', overrideReason: { reason: { code: 'a', system: 'b' }, userComment: 'c' } },
    { card: CARD, outcome: 'overridden', outcomeTimestamp: time },
  ];
  return [
    ...withChart,
    { path: `${SERVICE_PATH}/feedback`, value: { feedback } },
    { path: `${SERVICE_PATH}/feedback`, value: { feedback: feedback.slice(0, 1) } },
  ];
}

function smallChart(hook: unknown): unknown {
  const patientId = asRecord(asRecord(hook)['context'])['patientId'];
  const subject = { reference: `Patient/${String(patientId)}` };
  const at = '2026-03-02T08:00:00Z';
  const reading = (code: string, value: number, unit: string) => ({
    resourceType: 'Observation',
    id: `o-${code}`,
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code }] },
    subject,
    effectiveDateTime: at,
    issued: at,
    valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
  });
  const searchset = (...resources: unknown[]) => ({
    resourceType: 'Bundle',
    type: 'searchset',
    entry: resources.map((resource) => ({ resource })),
  });
  return {
    patient: { resourceType: 'Patient', id: patientId, birthDate: '1950-03-01', gender: 'female' },
    encounters: searchset({
      resourceType: 'Encounter',
      id: 'e-1',
      status: 'in-progress',
      class: { code: 'IMP' },
      subject,
      period: { start: '2026-02-27T08:00:00Z' },
    }),
    labs: searchset(reading('718-7', 7.1, 'g/dL'), reading('2524-7', 4, 'mmol/L')),
    vitals: searchset(reading('8867-4', 110, '/min')),
    bedside: null,
    administrations: null,
    procedures: null,
    conditions: null,
    notes: searchset({
      resourceType: 'DocumentReference',
      id: 'n-1',
      status: 'current',
      subject,
      date: at,
      content: [{ attachment: { contentType: 'text/plain', data: Buffer.from('A note.').toString('base64') } }],
    }),
  };
}

const DEEP = '@deep@';
const HUGE = '@huge@';
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  '',
  [],
  {},
  -1,
  1e308,
  'x'.repeat(5_000),
  '\u0000',
  '\ud800',
  'Patient/../../etc/passwd',
  'http://169.254.169.254/latest',
  '9999-99-99T99:99:99Z',
  { constructor: { prototype: { polluted: 1 } } },
  JSON.parse('{"__proto__":{"polluted":1}}') as unknown,
  Array.from({ length: 300 }, () => ({ resource: { resourceType: 'Observation' } })),
  DEEP,
  HUGE,
];

type Mutation =
  | { readonly kind: 'replace'; readonly at: number; readonly value: unknown }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'rename'; readonly at: number; readonly name: string };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('replace' as const),
      at: fc.nat(),
      value: fc.oneof(fc.constantFrom(...ODD_VALUES), fc.jsonValue({ maxDepth: 2 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rename' as const),
      at: fc.nat(),
      name: fc.constantFrom(
        '__proto__',
        'constructor',
        'prototype',
        'toString',
        'hasOwnProperty',
        '',
        'length',
        'then',
      ),
    }),
  },
);

type ByteChange =
  | { readonly kind: 'flip'; readonly at: number; readonly mask: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly text: string };

const TEXTS = [
  '"__proto__":{"polluted":1},',
  '"hook":"order-sign",',
  '"feedback":[],',
  '1e999999',
  '[[[[[[[[[[',
  '\\ud800',
  '\u0000',
  '\ufeff',
  '/**/',
  ',',
  '"',
  '}',
  '9'.repeat(400),
];
const byteChange: fc.Arbitrary<ByteChange> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), text: fc.constantFrom(...TEXTS) }),
);

const header: fc.Arbitrary<Readonly<Record<string, string>>> = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  {},
  {},
  { 'Content-Type': 'application/fhir+json; charset=UTF-8' },
  { 'Content-Type': 'text/html' },
  { 'Content-Type': 'application/json; charset=utf-7' },
  { 'Content-Encoding': 'br' },
  { 'Content-Encoding': 'gzip' },
  { Expect: '100-continue' },
  { Origin: 'null' },
  { Authorization: `Bearer ${'x'.repeat(8_000)}` },
  { Authorization: `Bearer ${'x'.repeat(20_000)}` },
  { traceparent: '00-0-0-00' },
  { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
  { 'X-Forwarded-For': `${'1.1.1.1,'.repeat(200)}<script>` },
  { 'X-HTTP-Method-Override': 'DELETE' },
  { Accept: 'text/event-stream' },
  Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`X-Many-${index}`, 'y'])),
);
const path: fc.Arbitrary<string | undefined> = fc.oneof(
  { weight: 20, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/cds-services/__proto__',
      '/cds-services/%00',
      '/cds-services/%E0%A4%A',
      '/cds-services/..%2f..%2fetc',
      '//cds-services',
      '/cds-services?__proto__[polluted]=1',
      `/cds-services/${'a'.repeat(4_000)}`,
      '/healthz',
    ),
  },
);

/** Requests made from the seeds by changing their tree, their bytes, their headers and how they are sent. */
export function fuzzCases(): fc.Arbitrary<FuzzCase> {
  const corpus = seeds();
  return fc
    .record({
      seed: fc.constantFrom(...corpus),
      mutations: fc.array(mutation, { maxLength: 3 }),
      changes: fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(byteChange, { minLength: 1, maxLength: 4 }) },
      ),
      method: fc.oneof(
        { weight: 20, arbitrary: fc.constant('POST') },
        { weight: 1, arbitrary: fc.constantFrom('GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE') },
      ),
      path,
      header,
      isGzip: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      wire: fc.oneof(
        { weight: 12, arbitrary: fc.constant('length' as const) },
        { weight: 2, arbitrary: fc.constant('chunked' as const) },
        { weight: 1, arbitrary: fc.constantFrom('too-long' as const, 'too-short' as const, 'broken-chunk' as const) },
      ),
    })
    .map(({ seed, mutations, changes, method, path: otherPath, header: more, isGzip, wire }) => {
      // A fresh copy: mutations change it in place.
      let tree: unknown = JSON.parse(JSON.stringify(seed.value));
      for (const plan of mutations) tree = mutate(tree, plan);
      let plain: Buffer = Buffer.from(textOf(tree));
      for (const plan of changes) plain = change(plain, plan);
      const body = isGzip ? gzipSync(plain, { level: 1 }) : plain;
      return {
        method,
        path: otherPath ?? seed.path,
        headers: {
          'Content-Type': 'application/json',
          ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
          ...more,
        },
        body,
        wire,
      };
    });
}

function textOf(value: unknown): string {
  const text = JSON.stringify(value);
  const deep = `${'['.repeat(3_000)}${']'.repeat(3_000)}`;
  return text.replaceAll(JSON.stringify(DEEP), deep).replaceAll(JSON.stringify(HUGE), '1e999999');
}

function mutate(tree: unknown, plan: Mutation): unknown {
  const places = placesOf(tree);
  const place = places[plan.at % Math.max(1, places.length)];
  if (!place) return tree;
  const { holder, key } = place;
  const isLength = Array.isArray(holder) && plan.kind === 'rename' && plan.name === 'length';
  if (isLength) return tree;
  if (plan.kind === 'replace') define(holder, key, plan.value);
  else if (plan.kind === 'remove') Reflect.deleteProperty(holder, key);
  else {
    const value: unknown = Reflect.get(holder, key);
    Reflect.deleteProperty(holder, key);
    define(holder, plan.name, value);
  }
  return tree;
}

/** As the JSON parser does: `__proto__` becomes a member like any other. */
function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function placesOf(tree: unknown): readonly { readonly holder: object; readonly key: string }[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.keys(tree).flatMap((key) => [{ holder: tree, key }, ...placesOf(Reflect.get(tree, key))]);
}

function change(bytes: Buffer, plan: ByteChange): Buffer {
  const at = plan.at % Math.max(1, bytes.length);
  switch (plan.kind) {
    case 'flip': {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ plan.mask;
      return flipped;
    }
    case 'cut':
      return bytes.subarray(0, at);
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(plan.text), bytes.subarray(at)]);
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
