import { afterEach, describe, expect, test } from '@jest/globals';
import type { DocumentReference } from 'fhir/r4.js';
import { gatherChart, type GatherOptions } from '../../src/fhir/gather-chart.js';
import type { AttachmentText, ChartResources } from '../../src/record/chart-resources.js';
import { base64, note, searchset } from '../support/fhir-resources.js';
import { startFhirStub, type FhirStub, type StubAnswer } from '../support/fhir-stub.js';
import { authorization, hookCall, options } from './chart-calls.js';

const TEXT = 'Bleeding stopped. Fièvre à 39 °C.';
let stub: FhirStub | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

async function chartWith(
  notes: readonly DocumentReference[],
  binary: (path: string) => StubAnswer = () => ({ status: 404 }),
  given: Partial<GatherOptions> = {},
  scope = authorization.scope,
): Promise<ChartResources> {
  stub = await startFhirStub(({ path }) => binary(path));
  const { chart } = await gatherChart(
    hookCall({
      fhirServer: stub.baseUrl,
      others: { kind: 'empty' },
      prefetch: { notes: { kind: 'data', resource: searchset(notes) } },
      token: { ...authorization, scope },
    }),
    { ...options, ...given },
  );
  return chart;
}

async function attachmentOf(
  attachment: DocumentReference['content'][number]['attachment'],
  binary?: (path: string) => StubAnswer,
): Promise<AttachmentText | undefined> {
  return (await chartWith([note(attachment)], binary)).attachments.get('d1');
}

describe('the text of a note', () => {
  test('inline, in UTF-8', async () => {
    expect(await attachmentOf({ contentType: 'text/plain', data: base64(TEXT) })).toEqual({
      kind: 'text',
      contentType: 'text/plain',
      text: TEXT,
    });
    expect(stub?.requests).toHaveLength(0);
  });

  test('inline, in the character set it states', async () => {
    const data = Buffer.from('Fi\u00e8vre', 'latin1').toString('base64');
    const found = await attachmentOf({ contentType: 'text/plain; charset=ISO-8859-1', data });
    expect(found).toMatchObject({ kind: 'text', text: 'Fièvre' });
  });

  test.each(['Binary/b1', 'BASE/Binary/b1'])('from a Binary in FHIR JSON: %s', async (link) => {
    stub = await startFhirStub(() => ({
      body: { resourceType: 'Binary', contentType: 'text/html', data: base64('<p>Seen</p>') },
    }));
    const url = link.replace('BASE', stub.baseUrl);
    const prefetch = {
      notes: { kind: 'data', resource: searchset([note({ contentType: 'text/html', url })]) },
    } as const;
    const { chart } = await gatherChart(
      hookCall({ fhirServer: stub.baseUrl, others: { kind: 'empty' }, prefetch }),
      options,
    );
    expect(chart.attachments.get('d1')).toEqual({ kind: 'text', contentType: 'text/html', text: '<p>Seen</p>' });
    expect(stub.requests.map(({ path }) => path)).toEqual(['Binary/b1']);
  });

  test('from a Binary that comes raw', async () => {
    const found = await attachmentOf({ contentType: 'text/plain', url: 'Binary/b1' }, () => ({
      body: TEXT,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
    }));
    expect(found).toMatchObject({ kind: 'text', text: TEXT });
  });

  test.each(['123', 'null', '{"a":1}'])('from a raw Binary whose text happens to be JSON: %s', async (body) => {
    const found = await attachmentOf({ contentType: 'text/plain', url: 'Binary/b1' }, () => ({
      body,
      headers: { 'content-type': 'text/plain' },
    }));
    expect(found).toMatchObject({ kind: 'text', text: body });
  });

  test('plain text is preferred where a document has several forms', async () => {
    const document = note(
      { contentType: 'application/pdf', data: base64('%PDF') },
      {
        given: {
          content: [
            { attachment: { contentType: 'application/pdf', data: base64('%PDF') } },
            { attachment: { contentType: 'text/html', data: base64('<p>h</p>') } },
            { attachment: { contentType: 'text/plain', data: base64('p') } },
          ],
        },
      },
    );
    const chart = await chartWith([document]);
    expect(chart.attachments.get('d1')).toMatchObject({ kind: 'text', text: 'p' });
  });
});

describe('a note that is not read', () => {
  test.each(['application/pdf', 'application/rtf', 'image/png', 'application/octet-stream', 'text/plainish'])(
    'another type is refused by name, without a call: %s',
    async (contentType) => {
      expect(await attachmentOf({ contentType, url: 'Binary/b1' })).toEqual({ kind: 'refused', contentType });
      expect(stub?.requests).toHaveLength(0);
    },
  );

  test('a Binary that turns out to be of another type is refused', async () => {
    const found = await attachmentOf({ contentType: 'text/plain', url: 'Binary/b1' }, () => ({
      body: { resourceType: 'Binary', contentType: 'application/pdf', data: base64('%PDF') },
    }));
    expect(found).toEqual({ kind: 'refused', contentType: 'application/pdf' });
  });

  test('an attachment without a type is refused', async () => {
    expect(await attachmentOf({ data: base64(TEXT) })).toEqual({ kind: 'refused', contentType: 'none' });
  });

  test('a link to another server gets no call and no token', async () => {
    const other = await startFhirStub(() => ({ body: TEXT, headers: { 'content-type': 'text/plain' } }));
    const found = await attachmentOf({ contentType: 'text/plain', url: `${other.baseUrl}/Binary/b1` });
    expect(found).toEqual({ kind: 'failed', reason: 'no-access' });
    expect(other.requests).toHaveLength(0);
    await other.close();
  });

  test.each<[StubAnswer, string, number]>([
    [{ status: 401 }, 'unauthorized', 15_000],
    [{ status: 404 }, 'upstream-error', 15_000],
    [{ isCut: true }, 'upstream-error', 15_000],
    [{ body: 'x', delayMs: 60_000 }, 'timeout', 1500],
  ])('fault: %j', async (answer, reason, deadlineMs) => {
    const chart = await chartWith([note({ contentType: 'text/plain', url: 'Binary/b1' })], () => answer, {
      deadlineMs,
      perCallTimeoutMs: deadlineMs,
    });
    expect(chart.attachments.get('d1')).toEqual({ kind: 'failed', reason });
    expect(chart.sources.notes.coverage).toEqual({ kind: 'unavailable', reason });
  });

  test('one failed text of several does not take the others away', async () => {
    const notes = [
      note({ contentType: 'text/plain', url: 'Binary/b1' }, { id: 'a' }),
      note({ contentType: 'text/plain', data: base64('there') }, { id: 'b' }),
    ];
    const chart = await chartWith(notes);
    expect(chart.attachments.get('a')).toMatchObject({ kind: 'failed' });
    expect(chart.attachments.get('b')).toMatchObject({ kind: 'text' });
    expect(chart.sources.notes.coverage.kind).toBe('covered');
  });

  test('a scope without Binary means no call', async () => {
    const notes = [note({ contentType: 'text/plain', url: 'Binary/b1' })];
    const chart = await chartWith(notes, undefined, {}, 'patient/DocumentReference.rs');
    expect(chart.attachments.get('d1')).toEqual({ kind: 'failed', reason: 'no-access' });
    expect(stub?.requests).toHaveLength(0);
  });
});

describe('which notes are read', () => {
  test('the newest twelve, all at once', async () => {
    const notes = Array.from({ length: 15 }, (_, index) =>
      note({ contentType: 'text/plain', url: `Binary/b${index}` }, { id: `d${index}`, hours: index + 1 }),
    );
    let waiting = 0;
    let most = 0;
    const chart = await chartWith(notes, () => {
      waiting += 1;
      most = Math.max(most, waiting);
      setTimeout(() => (waiting -= 1), 60);
      return { body: TEXT, headers: { 'content-type': 'text/plain' }, delayMs: 60 };
    });
    expect([...chart.attachments.keys()].sort()).toEqual(
      notes
        .slice(0, 12)
        .map(({ id }) => id)
        .sort(),
    );
    expect(most).toBe(12);
  });

  test('not one filed after the prediction time, entered in error, superseded or without a time', async () => {
    const attachment = { contentType: 'text/plain', url: 'Binary/b1' };
    await chartWith([
      note(attachment, { id: 'late', hours: -0.001 }),
      note(attachment, { id: 'mistake', given: { docStatus: 'entered-in-error' } }),
      note(attachment, { id: 'old', given: { status: 'superseded' } }),
      note(attachment, { id: 'day', given: { date: '2031-05-10' } }),
    ]);
    expect(stub?.requests).toHaveLength(0);
  });
});
