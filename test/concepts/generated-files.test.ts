import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { SOURCE_KEYS } from '../../src/concepts/concept.js';
import { conceptsDocument } from '../../src/concepts/concepts-document.js';
import { concepts, loincCodes } from '../../src/concepts/dictionary.js';
import { BLOOD_PRESSURE_PANEL, observationCodes, prefetchTemplateTexts } from '../../src/concepts/prefetch-codes.js';

const CATALOGUE = new URL('../../cds-services.json', import.meta.url);
const DOCUMENT = new URL('../../docs/concepts.md', import.meta.url);
const MUST_UPDATE = process.env['UPDATE_DOCS'] === '1';

interface Catalogue {
  readonly services: readonly { readonly prefetch: Readonly<Record<string, string>> }[];
}

function readCatalogue(): Catalogue {
  return JSON.parse(readFileSync(CATALOGUE, 'utf8')) as Catalogue;
}

describe('files made from the dictionary', () => {
  test('cds-services.json publishes the templates the dictionary gives (drift; req. 9, 20)', () => {
    if (MUST_UPDATE) {
      const { services, ...rest } = readCatalogue();
      const updated = services.map((service) => ({ ...service, prefetch: prefetchTemplateTexts() }));
      writeFileSync(CATALOGUE, `${JSON.stringify({ ...rest, services: updated }, undefined, 2)}\n`);
    }
    for (const { prefetch } of readCatalogue().services) expect(prefetch).toEqual(prefetchTemplateTexts());
  });

  test('docs/concepts.md says what the dictionary says (drift)', () => {
    if (MUST_UPDATE) writeFileSync(DOCUMENT, conceptsDocument());
    expect(readFileSync(DOCUMENT, 'utf8')).toBe(conceptsDocument());
  });
});

describe('prefetch templates', () => {
  const templates = prefetchTemplateTexts();

  test('there is one for every source', () => {
    expect(Object.keys(templates)).toEqual(SOURCE_KEYS);
  });

  test('every code that may be read is asked for, once', () => {
    const asked = (['labs', 'vitals', 'bedside'] as const).flatMap(observationCodes);
    expect(new Set(asked).size).toBe(asked.length);
    const readable = concepts.flatMap((concept) => [
      ...loincCodes(concept),
      ...(concept.snomed ?? []).map(({ code }) => code),
    ]);
    expect([...asked].sort()).toEqual([...readable, BLOOD_PRESSURE_PANEL].sort());
  });

  test('vital signs and bedside values are those of the reference', () => {
    const vitals =
      '8867-4,85354-9,8480-6,76534-7,8462-4,76535-4,8478-0,76536-2,9279-1,59408-5,2708-6,8310-5,60834-9'.split(',');
    const bedside =
      '9269-2,9268-4,9267-6,9270-0,3150-0,19994-3,19941-4,3151-8,20077-4,60985-9,9187-6,9192-6,29463-7,8302-2'.split(
        ',',
      );
    expect([...observationCodes('vitals')].sort()).toEqual([...vitals].sort());
    expect([...observationCodes('bedside')].sort()).toEqual([...bedside, '457441000124102'].sort());
  });

  test('use bare codes: no system, no bar (some servers refuse it)', () => {
    for (const template of Object.values(templates)) expect(template).not.toContain('|');
  });

  test('hold no token but those order-sign marks, and never the draft orders (req. 21)', () => {
    const tokens = Object.values(templates).flatMap((template) => template.match(/\{\{[^}]*\}\}/g) ?? []);
    expect(tokens.length).toBe(SOURCE_KEYS.length);
    for (const token of tokens) expect(['{{context.patientId}}', '{{context.encounterId}}']).toContain(token);
  });

  test('use only what clients are asked to support: reference, token, date, _count, _sort (req. 23)', () => {
    const allowed = new Set(['patient', 'code', 'status', '_sort', '_count']);
    const queries = Object.values(templates).flatMap((template) => template.split('?').slice(1));
    for (const query of queries)
      for (const pair of query.split('&')) expect([...allowed]).toContain(pair.split('=')[0]);
  });

  test('stay short enough for a URL', () => {
    for (const template of Object.values(templates)) expect(template.length).toBeLessThan(1000);
  });
});
