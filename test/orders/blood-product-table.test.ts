import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ServiceError } from '../../src/errors/service-error.js';
import { isBloodProductsFile } from '../../src/orders/blood-product-schema.js';
import { classifyCoding, loadBloodProductTable } from '../../src/orders/blood-product-table.js';
import shipped from '../../src/orders/blood-products.json' with { type: 'json' };
import { SCT } from './draft-orders.js';

const folder = mkdtempSync(join(tmpdir(), 'overlay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function overlayFile(content: unknown): string {
  const path = join(folder, 'overlay.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const LOCAL = { system: 'urn:oid:1.2.3', code: '7001' };

describe('the shipped table', () => {
  test('keeps its own schema, names each code once, and each system it uses', () => {
    expect(isBloodProductsFile(shipped)).toBe(true);
    const keys = shipped.codes.map(({ system, code }) => `${system}|${code}`);
    expect(new Set(keys).size).toBe(keys.length);
    const systems = new Set(Object.keys(shipped.systems));
    expect([...shipped.codes, ...shipped.patterns].filter(({ system }) => !systems.has(system))).toEqual([]);
  });

  test('holds all fifteen product codes of HL7 table 0426', () => {
    expect(shipped.codes.filter(({ system }) => system === 'v2-0426')).toHaveLength(15);
  });

  test('leaves unconfirmed codes out where the site wants confirmed ones only', () => {
    const coding = { system: 'urn:oid:2.16.840.1.113883.6.285', code: 'P9039' };
    expect(classifyCoding(loadBloodProductTable(), coding)).toBe('rbc');
    expect(classifyCoding(loadBloodProductTable(undefined, { includeUnverified: false }), coding)).toBeUndefined();
  });
});

describe('a site overlay', () => {
  test('adds local codes and overrides shipped ones', () => {
    const path = overlayFile({
      overlayVersion: 1,
      codes: [
        { ...LOCAL, display: 'PREPARE RBC', class: 'rbc' },
        { system: 'urn:oid:2.16.840.1.113883.6.96', code: '116865006', display: 'Albumin', class: 'plasma' },
      ],
    });
    const table = loadBloodProductTable(path);
    expect(classifyCoding(table, LOCAL)).toBe('rbc');
    expect(classifyCoding(table, { system: SCT, code: '116865006' })).toBe('plasma');
    expect(classifyCoding(table, { system: SCT, code: '116863004' })).toBe('rbc');
  });

  test('sets the policy, which the configuration may override', () => {
    const path = overlayFile({ overlayVersion: 1, policy: { textOnly: 'ignore', ignoredIntents: ['plan'] } });
    expect(loadBloodProductTable(path).policy).toEqual({
      textOnly: 'ignore',
      includeUnverified: true,
      ignoredIntents: ['plan'],
    });
    expect(loadBloodProductTable(path, { textOnly: 'fire' }).policy.textOnly).toBe('fire');
  });
});

describe('bad call: a broken overlay', () => {
  const refused = (content: unknown): ServiceError => {
    try {
      loadBloodProductTable(overlayFile(content));
    } catch (error) {
      if (error instanceof ServiceError) return error;
    }
    throw new Error('was not refused');
  };

  test.each([
    [
      'an unknown class',
      { overlayVersion: 1, codes: [{ ...LOCAL, display: 'x', class: 'blood' }] },
      'overlay.codes[0].class',
    ],
    [
      'a row without system',
      { overlayVersion: 1, codes: [{ code: '1', display: 'x', class: 'rbc' }] },
      'overlay.codes[0]',
    ],
    ['a misspelt member', { overlayVersion: 1, code: [] }, 'overlay'],
    ['an unknown policy', { overlayVersion: 1, policy: { textOnly: 'maybe' } }, 'overlay.policy.textOnly'],
  ])('%s stops the start and names the element', (_what, content, expression) => {
    const error = refused(content);
    expect(error.code).toBe('ERR_CONFIG');
    expect(error.expression).toBe(expression);
  });

  test('a file that is no JSON, or is not there, stops the start', () => {
    expect(refused('{').code).toBe('ERR_CONFIG');
    expect(() => loadBloodProductTable(join(folder, 'missing.json'))).toThrow(ServiceError);
  });
});
