/**
 * `npm run bench:sandbox -- [--patients N] [--observations N] [--json]`: searches of the sandbox FHIR server over HTTP for one of N
 * patients, each with as many Observations, without compression. Prints p50 and p95 in ms; with `--json` the last
 * line is the same as JSON.
 */
import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { FhirResource } from 'fhir/r4.js';
import { prefetchTemplates } from '../src/cds-hooks/prefetch-template.js';
import { fillPrefetchTemplate, parsePrefetchTemplate, templatePath } from '../src/cds-hooks/prefetch-query.js';
import { startSandbox } from '../src/sandbox/start-sandbox.js';

const AIM_MS = 10;
const WARM_UP = 20;
const RUNS = 200;
const MINUTE_MS = 60_000;
const NEWEST_MS = Date.UTC(2026, 0, 1);
const CODES = [
  '8867-4',
  '8480-6',
  '8462-4',
  '8478-0',
  '9279-1',
  '59408-5',
  '8310-5',
  '718-7',
  '4544-3',
  '777-3',
  '6690-2',
  '2951-2',
  '2823-3',
  '2160-0',
  '3094-0',
  '2345-7',
  '32693-4',
  '1963-8',
  '6301-6',
  '1975-2',
];

const { values } = parseArgs({
  options: {
    patients: { type: 'string', default: '100' },
    observations: { type: 'string', default: '10000' },
    json: { type: 'boolean', default: false },
  },
});
const patients = Number(values.patients);
const observations = Number(values.observations);

function* chart(patient: number): Iterable<FhirResource> {
  const id = `bench-${patient}`;
  yield { resourceType: 'Patient', id, gender: patient % 2 === 0 ? 'male' : 'female', birthDate: '1950-01-01' };
  for (let at = 0; at < observations; at += 1) {
    const code = CODES[at % CODES.length] ?? '';
    const time = new Date(NEWEST_MS - at * 7 * MINUTE_MS).toISOString();
    yield {
      resourceType: 'Observation',
      id: `bench-${patient}-${at}`,
      status: 'final',
      category: [
        {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/observation-category',
              code: at % CODES.length < 7 ? 'vital-signs' : 'laboratory',
            },
          ],
        },
      ],
      code: { coding: [{ system: 'http://loinc.org', code }] },
      subject: { reference: `Patient/${id}` },
      effectiveDateTime: time,
      issued: time,
      valueQuantity: { value: 1 + (at % 97), unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
    };
  }
}

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { Accept: 'application/fhir+json' } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    })
      .on('error', reject)
      .end();
  });
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

const ms = (value: number): string => value.toFixed(2).padStart(8);

let viewMs: number | undefined;
const sandbox = await startSandbox({ viewAt: () => viewMs });
const startLoad = performance.now();
for (let patient = 0; patient < patients; patient += 1) sandbox.store.load(chart(patient));
const loadMs = performance.now() - startLoad;
console.log(
  `${patients} patients with ${observations} Observations each, loaded in ${(loadMs / 1000).toFixed(1)} s, ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
);

const subject = `bench-${Math.floor(patients / 2)}`;
const labs = parsePrefetchTemplate(prefetchTemplates().get('labs') ?? '');
const filled = fillPrefetchTemplate(labs, { userId: 'Practitioner/bench', patientId: subject });
const middle = new Date(NEWEST_MS - 5000 * MINUTE_MS).toISOString();
const searches: readonly (readonly [string, string, number?])[] = [
  ['newest 200 of one patient', `Observation?patient=${subject}&_sort=-date&_count=200`],
  ['200 of one patient, no order', `Observation?patient=${subject}&_count=200`],
  ['newest 200 up to a date', `Observation?patient=${subject}&date=le${middle}&_sort=-date&_count=200`],
  [
    'newest 200 of 7 codes',
    `Observation?patient=${subject}&code=${CODES.slice(0, 7).join(',')}&_sort=-date&_count=200`,
  ],
  ['the labs template (400)', filled.kind === 'filled' ? templatePath(filled.template) : ''],
  [
    'newest 200 as the chart stood',
    `Observation?patient=${subject}&_sort=-date&_count=200`,
    NEWEST_MS - 5000 * MINUTE_MS,
  ],
  ['one Patient read', `Patient/${subject}`],
];

const rows = [];
for (const [name, path, view] of searches) {
  viewMs = view;
  const times: number[] = [];
  let bytes = 0;
  for (let run = 0; run < WARM_UP + RUNS; run += 1) {
    const started = performance.now();
    bytes = (await get(`${sandbox.baseUrl}/${path}`)).length;
    if (run >= WARM_UP) times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  rows.push({ name, p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95), kilobytes: Math.round(bytes / 1000) });
}
await sandbox.close();

console.log(`\n${'search'.padEnd(34)}     p50      p95       kB`);
for (const { name, p50Ms, p95Ms, kilobytes } of rows)
  console.log(`${name.padEnd(34)}${ms(p50Ms)} ${ms(p95Ms)} ${String(kilobytes).padStart(8)}`);
const worst = Math.max(...rows.filter(({ name }) => name.includes('200')).map(({ p95Ms }) => p95Ms));
const isMet = worst < AIM_MS;
console.log(
  `\naim: 200 of one patient's Observations under ${AIM_MS} ms; slowest p95 ${worst.toFixed(2)} ms: ${isMet ? 'met' : 'missed'}`,
);
if (values.json)
  console.log(
    JSON.stringify({
      bench: 'sandbox-search',
      patients,
      observations,
      loadMs: Math.round(loadMs),
      runs: RUNS,
      aimMs: AIM_MS,
      isMet,
      searches: rows,
    }),
  );
process.exitCode = isMet ? 0 : 1;
