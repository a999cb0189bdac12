import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { CardFeedback } from '../../src/cds-hooks/feedback.js';
import type { RegisteredClient } from '../../src/clients/registered-client.js';
import type { HemolensStore } from '../../src/store/hemolens-store.js';
import { answeredCall, FHIR_SERVER } from './support/answered-call.js';
import { ENGINES, type TestEngine } from './support/engines.js';

jest.setTimeout(600_000);

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 5, 10);

function registeredClient(id: string, iss = `https://${id}.example.org`): RegisteredClient {
  return {
    id,
    iss,
    keys: { kind: 'jku', jku: `https://${id}.example.org/jwks.json` },
    algorithms: ['ES384'],
    tenants: [],
    fhirBases: [],
    mode: 'silent',
    isEnabled: true,
    dialect: { cardDetail: 'markdown', audiences: [] },
    suppression: { userRoles: [], encounterClasses: [], locations: [] },
    cooldownHours: 0,
    callOptions: [],
    limits: { requestsPerMinute: 60, concurrent: 4 },
  };
}

function feedback(cardId: string, changes: Partial<CardFeedback> = {}): CardFeedback {
  return { cardId, outcome: 'accepted', acceptedSuggestionIds: [], outcomeTimestampMs: NOW, ...changes };
}

describe.each(ENGINES)('the store on %s', (_engine, start) => {
  let engine: TestEngine;
  let store: HemolensStore;
  beforeAll(async () => {
    engine = await start();
    store = await (await engine.place()).open();
  });
  afterAll(async () => {
    await store.close();
    await engine.remove();
  });

  it('finds the cards shown for a patient, newest first, and none that were withheld', async () => {
    const about = { patientId: 'p-1', tenant: 'north' };
    await store.save(answeredCall({ ...about, answeredAtMs: NOW - 3 * HOUR }));
    await store.save(answeredCall({ ...about, answeredAtMs: NOW - HOUR }));
    await store.save(answeredCall({ ...about, answeredAtMs: NOW - 30 * HOUR }));
    await store.save(answeredCall({ ...about, answeredAtMs: NOW, display: { kind: 'withheld', why: 'silent-mode' } }));
    const subject = { clientId: 'ehr-1', fhirServer: FHIR_SERVER, ...about };
    expect(await store.since(subject, NOW - 24 * HOUR)).toEqual([
      { answeredAtMs: NOW - HOUR, tier: 'very-high', products: ['platelets'], orders: ['ServiceRequest/draft-1'] },
      { answeredAtMs: NOW - 3 * HOUR, tier: 'very-high', products: ['platelets'], orders: ['ServiceRequest/draft-1'] },
    ]);
  });

  it('finds a card that said why there is no score, so that it is not shown at every order', async () => {
    const scored = answeredCall({ patientId: 'p-young', answeredAtMs: NOW });
    const assessment = { ...scored.assessment, outcome: { kind: 'not-scored', reason: 'under-18' } } as const;
    await store.save({ ...scored, assessment });
    expect(await store.since({ clientId: 'ehr-1', fhirServer: FHIR_SERVER, patientId: 'p-young' }, 0)).toMatchObject([
      { tier: 'under-18' },
    ]);
  });

  it('shows a tenant nothing of the same patient under another tenant or another client', async () => {
    await store.save(answeredCall({ patientId: 'p-2', tenant: 'north', answeredAtMs: NOW }));
    const subject = { clientId: 'ehr-1', fhirServer: FHIR_SERVER, tenant: 'north', patientId: 'p-2' };
    expect(await store.since(subject, 0)).toHaveLength(1);
    expect(await store.since({ ...subject, tenant: 'south' }, 0)).toEqual([]);
    expect(await store.since({ clientId: 'ehr-1', fhirServer: FHIR_SERVER, patientId: 'p-2' }, 0)).toEqual([]);
    expect(await store.since({ ...subject, clientId: 'ehr-2' }, 0)).toEqual([]);
  });

  it('does not take the patient of one FHIR server for the one with the same id on another', async () => {
    await store.save(answeredCall({ patientId: '1', answeredAtMs: NOW }));
    const subject = { clientId: 'ehr-1', patientId: '1' };
    expect(await store.since({ ...subject, fhirServer: FHIR_SERVER }, 0)).toHaveLength(1);
    expect(await store.since({ ...subject, fhirServer: 'https://other.example.org/fhir' }, 0)).toEqual([]);
    expect(await store.since(subject, 0)).toEqual([]);
  });

  it('keeps a call once, however often it is saved', async () => {
    const call = answeredCall({ patientId: 'p-3', cardIds: ['card-3'] });
    await Promise.all([store.save(call), store.save(call), store.save(call)]);
    expect(await store.since({ clientId: 'ehr-1', fhirServer: FHIR_SERVER, patientId: 'p-3' }, 0)).toHaveLength(1);
  });

  it('keeps feedback on a card, counts repeats and cards that it does not know (req. 58)', async () => {
    const client = { id: 'ehr-1' };
    await store.save(answeredCall({ cardIds: ['card-4'] }));
    const overridden = feedback('card-4', {
      outcome: 'overridden',
      overrideReason: { system: 'https://example.org/reasons', code: 'bleeding', display: 'Bleeding' },
      userComment: 'massive\0 bleed \ud800',
    });
    expect(await store.saveFeedback(client, [feedback('card-4'), overridden, feedback('card-unknown')])).toEqual({
      kept: 3,
      repeated: 0,
      unknownCards: 1,
    });
    expect(await store.saveFeedback(client, [feedback('card-4'), overridden])).toEqual({
      kept: 0,
      repeated: 2,
      unknownCards: 0,
    });
    expect(await store.saveFeedback({ id: 'ehr-2' }, [feedback('card-4')])).toMatchObject({ unknownCards: 1 });
  });

  it('registers, changes and removes clients, and finds them by their issuer', async () => {
    await store.put(registeredClient('a'));
    await store.put(registeredClient('b'));
    await store.put({ ...registeredClient('a'), mode: 'cards' });
    expect((await store.list()).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await store.findByIssuer('https://a.example.org')).toEqual({ ...registeredClient('a'), mode: 'cards' });
    expect(await store.findByIssuer('https://c.example.org')).toBeUndefined();
    expect(await store.remove('a')).toBe(true);
    expect(await store.remove('a')).toBe(false);
    expect(await store.findByIssuer('https://a.example.org')).toBeUndefined();
  });

  it('bad call: refuses a second client with the issuer of another', async () => {
    await store.put(registeredClient('first', 'https://shared.example.org'));
    await expect(store.put(registeredClient('second', 'https://shared.example.org'))).rejects.toMatchObject({
      code: 'ERR_CLIENT',
    });
  });

  it('accepts a token once, by whichever replica, until it expires (req. 65)', async () => {
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => store.claim('https://a.example.org', 'jti-1', Date.now() + HOUR)),
    );
    expect(claims.filter((isFirst) => isFirst)).toHaveLength(1);
    expect(await store.claim('https://b.example.org', 'jti-1', Date.now() + HOUR)).toBe(true);
    expect(await store.claim('https://a.example.org', 'jti-old', Date.now() - 1)).toBe(true);
    expect(await store.claim('https://a.example.org', 'jti-old', Date.now() + HOUR)).toBe(true);
  });

  it('has switches that are on until somebody throws them', async () => {
    expect(await store.read()).toEqual({ isAssessing: true });
    await store.write({ isAssessing: false, modelBundleDir: 'models/earlier' });
    expect(await store.read()).toEqual({ isAssessing: false, modelBundleDir: 'models/earlier' });
    await store.write({ isAssessing: true, modelBundleDir: undefined });
    expect(await store.read()).toEqual({ isAssessing: true });
  });
});
