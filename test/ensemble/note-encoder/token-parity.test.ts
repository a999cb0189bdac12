import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadNoteEncoder } from '../../../src/ensemble/note-encoder/load-note-encoder.js';
import type { NoteEncoder } from '../../../src/ensemble/note-encoder/note-encoder.js';
import { normaliseNoteText } from '../../../src/ensemble/note-encoder/normalise-note-text.js';
import { PARITY_TEXTS, parityTexts } from './parity-texts.js';

describe('the shipped note encoder, against Python (tokens_by_python.py)', () => {
  let encoder: NoteEncoder;
  beforeAll(async () => {
    encoder = await loadNoteEncoder('models/encoders/minilm-l6-int8');
  });
  afterAll(async () => encoder.close());

  test('2,000 texts have the same tokens once normalised', async () => {
    const expected = JSON.parse(
      await readFile(new URL('token-digests.json', import.meta.url), 'utf8'),
    ) as readonly string[];
    const texts = parityTexts().map(normaliseNoteText);
    const different: string[] = [];
    for (const [index, text] of texts.entries()) {
      if (digest(await encoder.tokenIds(text)) !== expected[index]) different.push(text);
    }
    expect(expected).toHaveLength(PARITY_TEXTS);
    expect(different).toEqual([]);
  }, 60_000);

  test('a long note is cut into pieces that the encoder reads whole', async () => {
    const words = 'Findings: moderate bilateral pleural effusions, unchanged from 11/24. ';
    expect(await encoder.embed(words.repeat(60))).toHaveLength(5);
  });
});

function digest(ids: readonly number[]): string {
  return createHash('sha256').update(ids.join(' ')).digest('hex').slice(0, 10);
}
