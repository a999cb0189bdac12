const LONGEST_TEXT = 200;

/**
 * Text from a chart, a bundle or the configuration as one harmless line of Markdown: no markup of ours or of a renderer,
 * no HTML, no link, no control or direction characters, at most 200 characters.
 * @see requirement 41: clients render raw HTML and turn bare addresses into links
 */
export function escapeMarkdown(text: string): string {
  return plainText(text, LONGEST_TEXT)
    .replace(/[\\`*_[\]|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/:\/\//g, ': //')
    .replace(/\bwww\./gi, 'www .')
    .replaceAll('@', '(at)')
    .replace(/^([#+=-]|\d+(?=[.)]))/, (start) => (/\d/.test(start) ? `${start}\u200b` : `\\${start}`));
}

/** The text without control, format and unpaired surrogate characters, white space joined, cut at a whole character. */
export function plainText(text: string, longest: number): string {
  const clean = text
    .replace(/[\p{Cf}\p{Cs}]/gu, '')
    .replace(/[\p{Cc}\p{Z}]+/gu, ' ')
    .trim();
  return cutText(clean, longest);
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** At most `longest` UTF-16 units (so at most as many code points), never half a character; `…` marks the cut. */
export function cutText(text: string, longest: number): string {
  if (text.length <= longest) return text;
  let kept = '';
  for (const { segment } of segmenter.segment(text)) {
    if (kept.length + segment.length > longest - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}
