import { expect, it } from '@jest/globals';
import { ServiceError } from '../../src/errors/service-error.js';
import { silentLog } from '../../src/logging/logger.js';
import type { StoreLink } from '../../src/store/link/store-link.js';
import { tokenLedgerOn } from '../../src/store/ports/token-ledger.js';
import type { Sql } from '../../src/store/sql/sql.js';

const ISS = 'https://ehr.example.org';

it('fault: a token that was accepted before the database went down was accepted once more while it was (req. 65)', async () => {
  let isUp = true;
  const sql: Sql = {
    engine: 'postgresql',
    query: () => Promise.resolve([{ iss: ISS }]),
    transaction: () => Promise.reject(new Error('not used')),
    close: () => Promise.resolve(),
  };
  const link: StoreLink = {
    isUp: () => isUp,
    distrust: () => undefined,
    close: () => Promise.resolve(),
    run: (work) => (isUp ? work(sql) : Promise.reject(new ServiceError('ERR_STORE', { detail: 'down' }))),
  };
  let nowMs = 1_000_000;
  const ledger = tokenLedgerOn(link, { log: silentLog, clock: () => nowMs });
  expect(await ledger.claim(ISS, 'jti-1', nowMs + 60_000)).toBe(true);
  isUp = false;
  expect(await ledger.claim(ISS, 'jti-1', nowMs + 60_000)).toBe(false);
  expect(await ledger.claim(ISS, 'jti-2', nowMs + 60_000)).toBe(true);
  nowMs += 60_001;
  expect(await ledger.claim(ISS, 'jti-1', nowMs + 60_000)).toBe(true);
});
