import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { startService, type RunningService } from '../../src/server.js';
import { canaryChart, canaryOrders, Canaries } from '../security/canary-chart.js';
import { cdsTestClient, type CdsTestClient } from '../support/cds-client.js';
import { hookBody } from '../support/hook-body.js';
import { parseLines, recordingLog } from '../support/test-app.js';
import { writeTinyBundle } from '../support/tiny-bundle.js';

const SERVICE = 'transfusion-mortality-risk';
const NOW = Date.parse('2026-03-02T09:00:00Z');
const canaries = new Canaries();
const chart = canaryChart(canaries, NOW);
const searchset = (type: string) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: chart.filter(({ resourceType }) => resourceType === type).map((resource) => ({ resource })),
});
const signed = hookBody({
  context: {
    userId: 'Practitioner/syn-clinician',
    patientId: canaries.of('patient-id'),
    draftOrders: canaryOrders(canaries, NOW),
  },
  prefetch: {
    patient: chart[0],
    encounters: searchset('Encounter'),
    labs: searchset('Observation'),
    vitals: searchset('Observation'),
    bedside: null,
    administrations: null,
    procedures: null,
    conditions: null,
    notes: null,
  },
});

let bundleDir: string;
let service: RunningService;
let client: CdsTestClient;
const log = recordingLog();
beforeAll(async () => {
  bundleDir = await writeTinyBundle();
  const config = loadConfig({}, { mode: 'sandbox', port: 0, store: 'memory', modelBundleDir: bundleDir });
  service = await startService(config, { clock: () => NOW, log: log.log });
  client = cdsTestClient(service.url);
}, 60_000);
afterAll(async () => {
  await service.close();
  await rm(bundleDir, { recursive: true });
});

interface AnsweredCard {
  readonly uuid: string;
}
async function cards(): Promise<readonly AnsweredCard[]> {
  const { status, body } = await client.call(SERVICE, signed);
  expect(status).toBe(200);
  return (body as { readonly cards: readonly AnsweredCard[] }).cards;
}

describe('the whole service', () => {
  it('answers a call that has the hookInstance of another anew, and logs both under it (req. 18, 39)', async () => {
    const [first, second] = [await cards(), await cards()];
    expect(first).toHaveLength(1);
    expect(second).toHaveLength(1);
    expect(second[0]?.uuid).not.toBe(first[0]?.uuid);
    const answered = parseLines(log.text()).filter(({ event }) => event === 'assessment.answered');
    expect(answered.map(({ hookInstance }) => hookInstance)).toEqual([signed['hookInstance'], signed['hookInstance']]);
  });

  it('suggests no change of the order and no action: the card informs (req. 38, 48, 50, 51)', async () => {
    const answer = await client.call(SERVICE, signed);
    expect(answer.body).not.toHaveProperty('systemActions');
    for (const card of await cards()) {
      expect(card).not.toHaveProperty('suggestions');
      expect(card).not.toHaveProperty('selectionBehavior');
    }
  });

  it('sets no cookie and knows no session (req. 71)', async () => {
    for (const path of ['/cds-services', '/model-card', '/openapi.json', '/readyz']) {
      expect((await client.send(path)).headers.get('set-cookie')).toBeNull();
    }
    expect((await client.call(SERVICE, signed)).headers.get('set-cookie')).toBeNull();
  });

  it('describes itself to people and machines (req. 79)', async () => {
    expect((await client.send('/model-card')).body).toMatchObject({ model: { id: 'tiny' } });
    expect((await client.send('/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
    const metrics = await client.send('/metrics');
    expect(metrics.text).toContain('hemolens_model_info{id="tiny",version="0.0.1"');
    expect(metrics.text).toMatch(/hemolens_stage_duration_seconds_count\{stage="predict"\} [1-9]/);
  });
});
