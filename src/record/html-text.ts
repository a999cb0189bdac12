import { Parser } from 'htmlparser2';

/** Their content is no text for a reader. */
const HIDDEN = new Set(['script', 'style', 'head', 'title', 'template', 'noscript', 'svg', 'object', 'iframe']);
/** A line of its own. */
const BLOCKS = new Set(
  (
    'address article aside blockquote body br caption dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 ' +
    'header hr li main nav ol p pre section table tbody tfoot thead tr ul'
  ).split(' '),
);
const VOID = new Set(['br', 'hr']);
const CELLS = new Set(['td', 'th']);

/**
 * The text of an HTML or XHTML document: markup, scripts, styles and comments removed, entities decoded, one line a
 * block, runs of blanks joined, blank lines at most one after another. Broken markup is read as far as it goes.
 */
export function htmlToText(html: string): string {
  const parts: string[] = [];
  let hiddenDepth = 0;
  let preDepth = 0;
  const parser = new Parser(
    {
      onopentagname: (name) => {
        if (HIDDEN.has(name)) hiddenDepth += 1;
        if (name === 'pre') preDepth += 1;
        if (BLOCKS.has(name)) parts.push('\n');
      },
      ontext: (data) => {
        if (hiddenDepth === 0) parts.push(preDepth > 0 ? data : data.replace(/\s+/g, ' '));
      },
      onclosetag: (name) => {
        if (HIDDEN.has(name)) hiddenDepth = Math.max(0, hiddenDepth - 1);
        if (name === 'pre') preDepth = Math.max(0, preDepth - 1);
        if (BLOCKS.has(name) && !VOID.has(name)) parts.push('\n');
        else if (CELLS.has(name)) parts.push(' ');
      },
    },
    { decodeEntities: true },
  );
  parser.write(html);
  parser.end();
  return tidy(parts.join(''));
}

/** Plain text with one kind of line end, no trailing blanks, and at most one blank line at a time. */
export function tidy(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
