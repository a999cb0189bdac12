import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { normaliseNoteText } from '../../../src/ensemble/note-encoder/normalise-note-text.js';
import { parityTexts } from './parity-texts.js';

describe('a note as it is given to the tokenizer', () => {
  test.each([
    ['white space of any kind is one space', 'no\r\n\t acute\u00a0\u3000process\u2028 ', 'no acute process'],
    ['control characters separate, invisible ones do not', 'a\u0000b \u001c pneu\u00admo\u200bnia', 'a b pneumonia'],
    ['full-width and ligatures are plain letters', 'ＡＢＣ１２３ ﬁbrin', 'ABC123 fibrin'],
    ['a Greek word-final sigma is a sigma', 'ΠΟΝΟΣ πόνος', 'ΠΟΝΟσ πόνοσ'],
    ['a power is not read into its base', 'WBC 12×10⁹/L, 10⁻³', 'WBC 12×10^9/L, 10^-3'],
    ['a fraction is not read into its number', '1½ tab, ½ L', '1 1/2 tab, 1/2 L'],
    ['dashes and minus signs are one', 'Guillain–Barré −2', 'Guillain-Barré -2'],
    ['blanks of MIMIC-III', 'seen on [**2150-3-4**] by [**Last Name (STitle) 123**].', 'seen on _ by _ .'],
    ['blanks of MIMIC-IV', '___ yo F, ____ and ___ ___', '_ yo F, _ and _'],
    ['other blanks', '<REDACTED> [NAME 12] **** XXXX', '_'],
    ['record numbers are blanks, laboratory values are not', 'MRN 0012345678, plt 1234567', 'MRN _ , plt 1234567'],
    ['special tokens are words', '[CLS] rales [SEP]<pad>', 'CLS rales SEP pad'],
    ['what the tokenizers read differently is left out', 'a\u061db \u{20000} \u{1f600} c', 'a b c'],
  ])('%s', (_title, text, normalised) => {
    expect(normaliseNoteText(text)).toBe(normalised);
  });

  test('stays as it is when it is normalised again, whatever it was', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(
          fc.constantFrom(...parityTexts().flatMap((one) => Array.from(one).slice(0, 3)), ' ', '_', '[**', '**]', '½'),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (one) => {
        const normalised = normaliseNoteText(one);
        expect(normaliseNoteText(normalised)).toBe(normalised);
      }),
      { numRuns: 2000 },
    );
    for (const one of parityTexts()) {
      const normalised = normaliseNoteText(one);
      expect(normaliseNoteText(normalised)).toBe(normalised);
    }
  });

  test('keeps every word of plain clinical English', () => {
    const plain = 'Pt. with L>R effusions, temp 38.5, BP 85/40; given 2 u pRBC @ 10:30 (see note #3) & improving!';
    expect(normaliseNoteText(plain)).toBe(plain);
  });
});
