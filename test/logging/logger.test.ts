import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventFields } from '../../src/logging/events.js';
import { faultFields } from '../../src/logging/fault-fields.js';
import { createLogger, logEvent, silentLog } from '../../src/logging/logger.js';
import { ServiceError } from '../../src/errors/service-error.js';
import { parseLines, recordingLog, recordingStream } from '../support/test-app.js';

/** Fields as code that goes round the compiler might give them. */
const loose = (fields: Readonly<Record<string, unknown>>): EventFields<'http.request'> => fields;

describe('a log line', () => {
  it('is one JSON object with time, level, event and the fields of the event', () => {
    const { log, text } = recordingLog();
    logEvent(log, 'http.request', { requestId: 'r-1', method: 'POST', status: 200, durationMs: 1.5 });
    const [line, ...others] = parseLines(text());
    expect(others).toEqual([]);
    expect(Object.keys(line ?? {})).toEqual(['time', 'level', 'event', 'requestId', 'method', 'status', 'durationMs']);
    expect(line).toMatchObject({ level: 'info', event: 'http.request', requestId: 'r-1', status: 200 });
    expect(Number.isNaN(Date.parse(String(line?.['time'])))).toBe(false);
  });

  it('never holds a field that is not on the list of its event', () => {
    const { stream, text } = recordingStream();
    const log = createLogger({ logLevel: 'info', destination: stream });
    logEvent(log, 'http.request', loose({ status: 200, patientName: 'Jane', body: { a: 1 } }));
    expect(parseLines(text())[0]).not.toHaveProperty('patientName');
    expect(text()).not.toMatch(/Jane|body/);
  });

  it('never holds a sentence where a code, a number or counts belong', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('requestId', 'method', 'route', 'status', 'durationMs'),
        fc.anything(),
        (name, value) => {
          const { stream, text } = recordingStream();
          logEvent(createLogger({ logLevel: 'info', destination: stream }), 'http.request', loose({ [name]: value }));
          const [line] = parseLines(text());
          const logged = line?.[name];
          if (typeof logged === 'string') expect(logged).toMatch(/^[\w.:/@+-]{1,100}$/);
          else expect(['undefined', 'number']).toContain(typeof logged);
        },
      ),
    );
  });

  it('bad call: with such a field fails a test, where the log is strict', () => {
    const { log } = recordingLog();
    expect(() => logEvent(log, 'http.request', loose({ patientName: 'Jane' }))).toThrow(
      'http.request may not carry patientName',
    );
    expect(() => logEvent(log, 'http.request', loose({ method: 'a sentence' }))).toThrow('method');
  });

  it('can count by reason', () => {
    const { log, text } = recordingLog();
    logEvent(log, 'record.assembled', { rejected: { 'unit-unknown': 2 }, observations: 10 });
    expect(parseLines(text())[0]).toMatchObject({ rejected: { 'unit-unknown': 2 } });
  });

  it.each([
    ['silent', 0],
    ['error', 0],
    ['warn', 1],
    ['info', 2],
    ['debug', 3],
  ] as const)('at level %s is written for %i of a warning, an information and a detail', (logLevel, lines) => {
    const { stream, text } = recordingStream();
    const log = createLogger({ logLevel, destination: stream });
    logEvent(log, 'store.not-durable', { capacity: 1 });
    logEvent(log, 'service.stopping');
    logEvent(log, 'fhir.call', { bytes: 1 });
    expect(parseLines(text())).toHaveLength(lines);
  });

  it('of the silent log is nowhere', () => {
    expect(() => logEvent(silentLog, 'http.request', { status: 200 })).not.toThrow();
  });
});

describe('what is logged of a fault', () => {
  it('is the classes and codes of it and its causes, and the place in our code; never a message', () => {
    const cause = Object.assign(new TypeError('fetch failed for Jane Doe'), { code: 'ECONNREFUSED' });
    const fields = faultFields(new ServiceError('ERR_FHIR_UPSTREAM', { detail: 'search Observation', cause }));
    expect(fields).toMatchObject({
      name: 'ServiceError',
      causes: 'ServiceError/ERR_FHIR_UPSTREAM:TypeError/ECONNREFUSED',
    });
    expect(JSON.stringify(fields)).not.toContain('Jane');
  });

  it('names the place in our code', () => {
    let error: unknown;
    try {
      logEvent(recordingLog().log, 'http.request', loose({ patientName: 'Jane' }));
    } catch (thrown) {
      error = thrown;
    }
    expect(faultFields(error).at).toMatch(/^src\/logging\/logger\.ts:\d+$/);
  });

  it.each<[string, unknown]>([
    ['a name that was set', Object.assign(new Error('x'), { name: 'Jane Doe' })],
    ['a code that is a sentence', Object.assign(new Error('x'), { code: 'Jane Doe' })],
    [
      'a message made to look like a stack',
      new Error('x\n    at Jane (/src/Jane Doe.ts:1:1)\n    at Jane (/src/Doe Jane.ts:1:1)'),
    ],
    ['text instead of an error', 'Jane Doe'],
    ['an object instead of an error', { name: 'Jane Doe', message: 'Jane' }],
    ['a cause that is its own cause', selfCaused()],
  ])('holds nothing of %s', (_, error) => {
    expect(JSON.stringify(faultFields(error))).not.toMatch(/Jane|Doe/);
  });
});

function selfCaused(): Error {
  const error = new Error('Jane Doe');
  error.cause = error;
  return error;
}
