import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutText } from '../../../src/ensemble/note-encoder/cut-text.js';

/** A tokenizer of sorts: three characters a word piece. */
const count = (text: string): number =>
  text.split(' ').reduce((sum, word) => sum + Math.ceil(Array.from(word).length / 3), 0);

describe('a text in pieces that the encoder reads whole', () => {
  test('cuts between words', () => {
    expect(cutText('acute left sided chest pain', 4, count)).toEqual(['acute left', 'sided chest', 'pain']);
    expect(cutText('acute', 4, count)).toEqual(['acute']);
    expect(cutText('', 4, count)).toEqual([]);
  });

  test('cuts a word that is too long by itself', () => {
    expect(cutText('a pseudopseudohypoparathyroidism b', 4, count)).toEqual([
      'a',
      'pseudopseudo',
      'hypoparathyr',
      'oidism b',
    ]);
  });

  test('no piece is too long and no word is lost, for any text', () => {
    const words = fc.array(fc.string({ minLength: 1, maxLength: 40 }).map((word) => word.replaceAll(/\s/g, '-')));
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 12 }), (list, most) => {
        const pieces = cutText(list.join(' '), most, count);
        expect(pieces.every((piece) => count(piece) <= most)).toBe(true);
        expect(pieces.join('').replaceAll(' ', '')).toBe(list.join(''));
      }),
    );
  });
});
