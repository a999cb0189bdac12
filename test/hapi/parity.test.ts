import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/start-sandbox.js';
import { PARITY_CASES, type ParityCase } from './parity-cases.js';
import { EXPLAINED_DIFFERENCES } from './parity-differences.js';
import { freshId, hapiBase } from './support/hapi.js';
import { differences } from './support/normalised-answer.js';
import { parityChart, situationPatients } from './support/parity-chart.js';
import { putAll, runSteps } from './support/parity-exchange.js';
import { declaredParameters, serviceQueries } from './support/service-queries.js';

const RUN = freshId('parity');
const chart = await parityChart(RUN);
const patients = await situationPatients();

const CASES: readonly ParityCase[] = [
  ...patients.flatMap(({ situation, patientId }) => serviceQueries(situation, patientId)),
  ...declaredParameters(chart, RUN),
  ...PARITY_CASES,
];

let sandbox: Sandbox;
let unexplained = 0;
beforeAll(async () => {
  sandbox = await startSandbox();
  await Promise.all([putAll(hapiBase(), chart), putAll(sandbox.baseUrl, chart)]);
}, 120_000);

afterAll(async () => {
  process.stdout.write(
    `parity: ${CASES.length} cases, ${Object.keys(EXPLAINED_DIFFERENCES).length} explained differences, ${unexplained} unexplained\n`,
  );
  await sandbox.close();
});

describe('the embedded FHIR server answers as HAPI does, or it is said why not', () => {
  test('every case has a name of its own', () => {
    const names = CASES.map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  test('every explained difference belongs to a case', () => {
    const names = new Set(CASES.map(({ name }) => name));
    expect(Object.keys(EXPLAINED_DIFFERENCES).filter((name) => !names.has(name))).toEqual([]);
  });

  test.each(CASES.map((parityCase, number) => [parityCase.name, parityCase, number] as const))(
    '%s',
    async (name, { steps }, number) => {
      const [hapi, ours] = await Promise.all(
        [hapiBase(), sandbox.baseUrl].map((base) => runSteps(base, steps, RUN, number)),
      );
      const found = differences(hapi ?? {}, ours ?? {});
      const explained = EXPLAINED_DIFFERENCES[name];
      const wanted = explained && { hapi: explained.hapi, sandbox: explained.sandbox };
      if (!isDeepStrictEqual(found, wanted)) unexplained += 1;
      expect(found).toEqual(wanted);
    },
  );
});
