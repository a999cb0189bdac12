import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FhirResource } from 'fhir/r4.js';
import { kitCheckOrdersCommand } from '../../../src/commands/kit-check-orders.js';
import { parseCommandArguments } from '../../../src/commands/command.js';
import { loadBloodProductTable } from '../../../src/orders/blood-product-table.js';
import { checkOrders } from '../../../src/kit/check-orders/check-orders.js';
import { checkedOverlay, draftOverlay } from '../../../src/kit/check-orders/draft-overlay.js';
import { productsInWords } from '../../../src/kit/check-orders/blood-words.js';
import { readOrders } from '../../../src/kit/check-orders/read-orders.js';
import { fhirServerAccess } from '../../../src/kit/fhir-server/fhir-server-access.js';
import { inspectFhirServer } from '../../../src/kit/fhir-server/inspect-fhir-server.js';
import { startSandbox, type Sandbox } from '../../../src/sandbox/start-sandbox.js';
import { startFhirStub } from '../../support/fhir-stub.js';
import { recordingTerminal } from '../recording-terminal.js';

const SCT = 'http://snomed.info/sct';
const LOCAL = 'urn:oid:1.2.3.4.5';
const PATIENT = 'mrn-4711-jane-doe';

let orderNumber = 0;
function order(coding: object, text?: string, authoredOn = '2026-05-01T10:00:00Z'): FhirResource {
  orderNumber += 1;
  return {
    resourceType: 'ServiceRequest',
    id: `order-${orderNumber}`,
    status: 'completed',
    intent: 'order',
    subject: { reference: `Patient/${PATIENT}`, display: 'Jane Doe' },
    code: { coding: [coding], ...(text === undefined ? {} : { text }) },
    authoredOn,
  };
}

const table = loadBloodProductTable();

/** A synthetic site: standard codes, its own codes, and what goes wrong in interfaces. */
const SITE: readonly FhirResource[] = [
  { resourceType: 'Patient', id: PATIENT, name: [{ family: 'Doe', given: ['Jane'] }] },
  order({ system: SCT, code: '116863004', display: 'Transfusion of red blood cells' }),
  order({ system: ` ${SCT}`, code: '116863004 ', display: 'Transfusion of red blood cells' }),
  order({ system: LOCAL, code: '7001', display: 'PREPARE RBC' }),
  order({ system: LOCAL, code: '7001', display: 'PREPARE RBC' }),
  order({ system: LOCAL, code: '7002', display: 'Thrombozytenkonzentrat' }),
  order({ system: 'SNOMED-CT', code: '12719002', display: 'Platelet transfusion' }),
  order({ code: '116863004', display: 'order 17' }),
  order({ system: LOCAL, code: '900', display: 'Platelet count' }),
  order({ system: LOCAL, code: '1', display: 'Miscellaneous' }, 'transfuse 2 units for Jane Doe'),
  order({ system: LOCAL, code: '1', display: 'Miscellaneous' }, 'call the plumber'),
  {
    resourceType: 'Medication',
    id: 'm1',
    code: { coding: [{ system: LOCAL, code: 'M7', display: 'Fresh frozen plasma' }] },
  },
  {
    resourceType: 'MedicationRequest',
    id: 'mr1',
    status: 'active',
    intent: 'order',
    subject: { reference: `Patient/${PATIENT}` },
    medicationReference: { reference: 'Medication/m1' },
    authoredOn: '2026-05-02',
  },
];

describe('checking the orders of a site', () => {
  let sandbox: Sandbox;
  let folder: string;
  beforeAll(async () => {
    sandbox = await startSandbox({ resources: SITE });
    folder = await mkdtemp(join(tmpdir(), 'check-orders-'));
  });
  afterAll(async () => {
    await sandbox.close();
    await rm(folder, { recursive: true });
  });

  async function check(max = 1000, since?: string): ReturnType<typeof readOrders> {
    const access = fhirServerAccess(sandbox.baseUrl);
    const server = await inspectFhirServer(access);
    if (server.kind !== 'fhir-r4') throw new Error(server.kind);
    return readOrders(access, server, { max, ...(since === undefined ? {} : { since }) });
  }

  async function checked(): Promise<ReturnType<typeof checkOrders>> {
    const read = await check();
    if (read.kind !== 'read') throw new Error(read.kind);
    return checkOrders(read.items, table);
  }

  test('judges finished orders as if they were being signed, by the screening of the service', async () => {
    const { screened } = await checked();
    expect(screened).toEqual([expect.objectContaining({ product: 'rbc', orders: 2, isUntidy: true })]);
  });

  test('finds local codes by their words in several languages, and a Medication by the reference of its order', async () => {
    const { looksLikeBlood } = await checked();
    const byCode = new Map(looksLikeBlood.map((group) => [group.codings[0]?.code, group]));
    expect(byCode.get('7001')).toMatchObject({ suggested: 'rbc', orders: 2 });
    expect(byCode.get('7002')).toMatchObject({ suggested: 'platelets', orders: 1 });
    expect(byCode.get('M7')).toMatchObject({ suggested: 'plasma', orders: 1, catalogue: 1 });
  });

  test('tells a right code under another name of its system, or under none', async () => {
    const { looksLikeBlood } = await checked();
    expect(looksLikeBlood.find(({ nearMiss }) => nearMiss?.kind === 'system')).toMatchObject({
      suggested: 'platelets',
      nearMiss: { known: { system: SCT, code: '12719002' } },
    });
    expect(looksLikeBlood.find(({ nearMiss }) => nearMiss?.kind === 'no-system')).toMatchObject({ suggested: 'rbc' });
  });

  test('a laboratory test about platelets does not look like blood', async () => {
    const { looksLikeBlood, other } = await checked();
    expect(looksLikeBlood.some(({ codings }) => codings[0]?.code === '900')).toBe(false);
    expect(other).toMatchObject({ orders: 2, groups: 2 });
  });

  test('with the overlay it proposes, every mapped code is screened as the class proposed', async () => {
    const before = await checked();
    const draft = draftOverlay(before, table);
    expect(draft.overlay.codes?.map(({ code, class: one }) => [code, one]).sort()).toEqual([
      ['12719002', 'platelets'],
      ['7001', 'rbc'],
      ['7002', 'platelets'],
      ['M7', 'plasma'],
    ]);
    const read = await check();
    if (read.kind !== 'read') throw new Error(read.kind);
    const after = checkOrders(read.items, (await checkedOverlay(draft.overlay)).table);
    expect(after.screened.map(({ product, orders }) => [product, orders]).sort()).toEqual([
      ['plasma', 1],
      ['platelets', 1],
      ['platelets', 1],
      ['rbc', 2],
      ['rbc', 2],
    ]);
    expect(after.looksLikeBlood).toHaveLength(2);
  });

  test('leaves to people a code used for other things too, and one without a system', async () => {
    const { leftToPeople } = draftOverlay(await checked(), table);
    expect(leftToPeople.map(({ why }) => why).sort()).toEqual([
      expect.stringContaining('has no system'),
      expect.stringContaining('used for orders of other things too'),
    ]);
  });

  test('reads no more than the limit, the newest first, and only since the date', async () => {
    expect(await check(2)).toMatchObject({
      notes: [{ count: 2, remark: expect.stringContaining('newest 2') }, {}, {}],
    });
    expect(await check(10, '2026-05-02')).toMatchObject({ notes: [{ count: 0 }, { count: 1 }, {}] });
  });

  test('the command prints no patient data and writes an overlay that the service takes', async () => {
    const command = kitCheckOrdersCommand();
    const { terminal, out, err } = recordingTerminal();
    const file = join(folder, 'overlay.json');
    const call = ['--fhir', sandbox.baseUrl, '--out', file, '--json'];
    expect(await command.run(parseCommandArguments(command, call), terminal)).toBe(0);
    const printed = [...out, ...err].join('\n');
    expect(printed).toContain('PREPARE RBC');
    expect(printed).not.toMatch(/jane|doe|mrn-4711|plumber|order-\d/i);
    expect(() => loadBloodProductTable(file)).not.toThrow();
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ overlayVersion: 1 });
    expect(JSON.parse(out.at(-1) ?? '')).toMatchObject({ other: { orders: 2 } });
    // A file that people may have reviewed is never written over.
    await expect(command.run(parseCommandArguments(command, call), terminal)).rejects.toThrow(/name another file/);
    const again = ['--fhir', sandbox.baseUrl, '--overlay', file];
    expect(await command.run(parseCommandArguments(command, again), terminal)).toBe(0);
    expect(out.at(-1)).toContain('No overlay is needed');
  });

  test('bad call: an overlay that breaks its schema and a date that is none', async () => {
    const command = kitCheckOrdersCommand();
    const { terminal } = recordingTerminal();
    const broken = join(folder, 'broken.json');
    await writeFile(broken, '{"overlayVersion":1,"cods":[]}');
    const run = (...args: string[]): Promise<number> =>
      command.run(parseCommandArguments(command, ['--fhir', sandbox.baseUrl, ...args]), terminal);
    await expect(run('--overlay', broken)).rejects.toThrow(/schema/);
    await expect(run('--since', 'May')).rejects.toThrow(/--since/);
  });

  test('fault: a search that is refused is named, without the ids the server says, and the rest is read', async () => {
    const types = ['ServiceRequest', 'MedicationRequest'];
    const resource = types.map((type) => ({ type, interaction: [{ code: 'search-type' }] }));
    const stub = await startFhirStub(({ path }) => {
      if (path === 'metadata')
        return {
          body: { resourceType: 'CapabilityStatement', fhirVersion: '4.0.1', rest: [{ mode: 'server', resource }] },
        };
      if (path === 'ServiceRequest')
        return {
          status: 403,
          body: {
            resourceType: 'OperationOutcome',
            issue: [{ severity: 'error', diagnostics: `No access to Patient/${PATIENT}` }],
          },
        };
      return { body: { resourceType: 'Bundle', type: 'searchset', entry: [] } };
    });
    try {
      const command = kitCheckOrdersCommand();
      const { terminal, out, err } = recordingTerminal();
      expect(await command.run(parseCommandArguments(command, ['--fhir', stub.baseUrl]), terminal)).toBe(0);
      expect(err.join('\n')).toContain('ServiceRequest: not read');
      expect([...out, ...err].join('\n')).not.toContain(PATIENT);
    } finally {
      await stub.close();
    }
  });
});

describe('words of blood products', () => {
  test.each([
    ['Erythrozytenkonzentrat', 'rbc'],
    ['Concentré de globules rouges', 'rbc'],
    ['Concentrado de hematíes', 'rbc'],
    ['Plasma frais congelé', 'plasma'],
    ['Gefrierplasma', 'plasma'],
    ['Bloedtransfusie', 'unspecified'],
    ['Transfuse 2 units packed red cells', 'rbc'],
    ['Kryopräzipitat', 'cryo'],
  ])('%s is %s', (text, product) => {
    expect(productsInWords([text])).toEqual([product]);
  });

  test.each([
    'Thrombozytenzahl',
    'Transfusion reaction workup',
    'Glucose in plasma',
    'Einwilligung Bluttransfusion',
    'Chest X-ray',
  ])('%s is none', (text) => {
    expect(productsInWords([text])).toEqual([]);
  });
});
