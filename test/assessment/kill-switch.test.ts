import { describe, expect, test } from '@jest/globals';
import { withKillSwitch, type KillSwitchAnswer } from '../../src/assessment/kill-switch.js';
import { defaultCardOptions } from '../../src/cards/card-options.js';
import type { CdsResponse } from '../../src/cds-hooks/card.js';
import type { HookRequest } from '../../src/cds-hooks/hook-request.js';
import { assertResponseShape } from '../../src/cds-hooks/response-shape.js';
import type { CdsClient } from '../../src/clients/cds-client.js';
import type { ServiceSwitches, SwitchBoard } from '../../src/clients/client-registry.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { loadBloodProductTable } from '../../src/orders/blood-product-table.js';
import { CARD_ID } from '../cards/assessments.js';
import { CPT, PATIENT_ID, SCT, drafts, serviceRequest } from '../orders/draft-orders.js';
import { registered } from './registered.js';
import { SITE_DISPLAY } from './site-display.js';

const request = (draftOrders = drafts(serviceRequest({ system: SCT, code: '116863004' }))): HookRequest => ({
  hook: 'order-sign',
  hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
  context: { userId: 'Practitioner/1', patientId: PATIENT_ID, draftOrders },
  prefetch: new Map(),
});
const typeAndScreen = request(drafts(serviceRequest({ system: CPT, code: '86850' })));

const ASSESSED = 'High 7-day mortality risk predicted: 18 % (average 8 %), at the order of red cells';

function service(switches: ServiceSwitches | SwitchBoard, answer: KillSwitchAnswer = 'empty') {
  const trace: { assessed: number; models: (string | undefined)[]; events: unknown[] } = {
    assessed: 0,
    models: [],
    events: [],
  };
  const assess = (): Promise<CdsResponse> => {
    trace.assessed += 1;
    return Promise.resolve({
      cards: [
        {
          uuid: CARD_ID,
          summary: ASSESSED,
          indicator: 'warning',
          detail: 'x',
          source: { label: 'x', topic: { system: 'x', code: 'x', display: 'x' } },
        },
      ],
    });
  };
  const call = withKillSwitch(assess, {
    bloodProducts: loadBloodProductTable(),
    siteDisplay: SITE_DISPLAY,
    cardOptions: defaultCardOptions(() => CARD_ID),
    logEvent: (event, fields) => trace.events.push([event, fields]),
    switches: 'read' in switches ? switches : { read: () => Promise.resolve(switches) },
    answer,
    followModel: (directory) => trace.models.push(directory),
  });
  return { trace, call: (client: CdsClient = registered(), given = request()) => call(given, client) };
}

const OFF: ServiceSwitches = { isAssessing: false };
const ON: ServiceSwitches = { isAssessing: true };

describe('the kill switch', () => {
  test('of the service: calls are answered without a card, and nothing is assessed', async () => {
    const { call, trace } = service(OFF);
    expect(await call()).toEqual({ cards: [] });
    expect(trace.assessed).toBe(0);
    expect(trace.events).toEqual([
      [
        'assessment.switched-off',
        { hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea', client: 'ehr', scope: 'service' },
      ],
    ]);
  });

  test('of a client silences that client alone', async () => {
    const { call, trace } = service(ON);
    expect(await call(registered({ isEnabled: false }))).toEqual({ cards: [] });
    expect(trace.events).toMatchObject([['assessment.switched-off', { scope: 'client' }]]);
    expect((await call(registered())).cards).toHaveLength(1);
    expect((await call({ id: 'development' })).cards).toHaveLength(1);
  });

  test('is read at every call: off and on again without a restart', async () => {
    let isAssessing = true;
    const { call } = service({ read: () => Promise.resolve({ isAssessing }) });
    expect((await call()).cards).toHaveLength(1);
    isAssessing = false;
    expect((await call()).cards).toEqual([]);
    isAssessing = true;
    expect((await call()).cards).toHaveLength(1);
  });

  test('may be answered with an info card at blood product orders, and at no others', async () => {
    const { call } = service(OFF, 'card');
    const answer = await call();
    assertResponseShape(answer);
    expect(answer.cards).toMatchObject([{ indicator: 'info', summary: expect.stringContaining('switched off') }]);
    expect(answer.cards[0]?.detail).toContain('neither that it is low nor that it is high');
    expect(answer.cards[0]?.overrideReasons).toBeUndefined();
    expect(await call(undefined, typeAndScreen)).toEqual({ cards: [] });
  });

  test('shows its card to no client in silent mode', async () => {
    const { call } = service(OFF, 'card');
    expect(await call(registered({ mode: 'silent' }))).toEqual({ cards: [] });
  });

  test('may be answered with status 503', async () => {
    const fault = await service(OFF, '503')
      .call()
      .catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(ServiceError);
    expect(fault).toMatchObject({ code: 'ERR_SWITCHED_OFF', status: 503 });
  });

  test('fault: a switch board that cannot be read is a fault, never an empty list', async () => {
    const down = { read: () => Promise.reject(new ServiceError('ERR_STORE', { detail: 'down' })) };
    await expect(service(down).call()).rejects.toMatchObject({ code: 'ERR_STORE' });
  });
});

test('the model that the board names is followed at every call, also while switched off', async () => {
  const { call, trace } = service({ isAssessing: false, modelBundleDir: '/models/earlier' });
  await call();
  expect(trace.models).toEqual(['/models/earlier']);
  const configured = service(ON);
  await configured.call();
  expect(configured.trace.models).toEqual([undefined]);
});
