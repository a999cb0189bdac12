/**
 * What transformers.js and Python's tokenizers read alike: Latin, Greek, Cyrillic, Hebrew and Arabic letters, kana, Han and
 * Hangul of the Basic Multilingual Plane, their combining accents, punctuation, currency and mathematical signs.
 * Elsewhere the two know different versions of Unicode, so a code point from there is no letter for the encoder.
 */
const UNREADABLE =
  /[^ -~\u00a0-\u052f\u05d0-\u05ea\u0620-\u064a\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u209c\u20a0-\u20c0\u2100-\u218b\u2190-\u23ff\u2460-\u27bf\u2900-\u2aff\u3001-\u303f\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]/gu;

/** Invisible inside a word: soft hyphen, zero-width characters, direction marks, variation selectors, byte order mark. */
const INVISIBLE = /[\p{Cf}\ufe00-\ufe0f\u034f]/gu;

/** JavaScript lower-cases a word-final capital sigma to ς, Python's tokenizers to σ. */
const SIGMA = /[Σς]/gu;

/** NFKC alone would read `10⁹` as 109 and `1½` as 11/2. */
const POWER = /(?<=\p{Nd})[⁺⁻]?[⁰¹²³⁴-⁹]+/gu;
const FRACTION = /(?<=\p{Nd})[¼-¾⅐-⅞↉]/gu;

/** What de-identification left: `[**2150-3-4**]`, `[REDACTED]`, `<name>`, `___`, `XXXX`, `****`. */
const BLANKS: readonly RegExp[] = [
  /\[\*\*[^\]]{0,200}?\*\*\]/g,
  /[[<] ?(?:redacted|removed|deidentified|de-identified|phi|name|date|location|hospital|doctor|patient|phone|id)(?: ?\d{1,4})? ?[\]>]/gi,
  /_{2,}/g,
  /\*{3,}/g,
  /(?<![\p{L}\p{N}])(?:X{3,}|x{4,})(?![\p{L}\p{N}])/gu,
  // Record and telephone numbers tell nothing of the patient's state.
  /(?<![\p{L}\p{N}])\d{8,}(?![\p{L}\p{N}])/gu,
];
const BLANK = ' _ ';
const REPEATED_BLANK = /(?<=^| )_(?: _)+(?= |$)/g;

/** Words by which tokenizers mean special tokens; a note may not speak them. */
const SPECIAL_TOKEN = /\[(CLS|SEP|PAD|UNK|MASK)\]|<\|?\/?(s|pad|unk|mask|cls|sep|endoftext|padding)\|?>/gi;

const MOST_ROUNDS = 16;

/**
 * A note's text as it is given to a tokenizer: Unicode NFKC, one kind of space, no invisible characters, sigma in one form,
 * every blank of de-identification as `_`, powers and fractions beside a number told from its digits. The same text always gives the same, and a
 * normalised text stays as it is.
 */
export function normaliseNoteText(text: string): string {
  let normalised = text;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = normaliseOnce(normalised);
    if (next === normalised) break;
    normalised = next;
  }
  return normalised;
}

function normaliseOnce(text: string): string {
  const readable = text
    .replace(POWER, '^$&')
    .replace(FRACTION, ' $&')
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/\u2044/g, '/')
    .replace(SIGMA, 'σ')
    .replace(
      SPECIAL_TOKEN,
      (_token, square: string | undefined, pointed: string | undefined) => ` ${square ?? pointed ?? ''} `,
    )
    .replace(UNREADABLE, ' ');
  return BLANKS.reduce((rest, blank) => rest.replace(blank, BLANK), readable)
    .replace(/\s+/gu, ' ')
    .replace(REPEATED_BLANK, '_')
    .trim();
}
