/** What `escapeMarkdown` writes for characters of HTML; they stay as they are. */
const OUR_ENTITY = /&(?:amp|lt|gt);/y;

/**
 * The Markdown of our own cards as HTML: paragraphs, lists of `- ` lines, `**strong**`, backslash escapes. The only tags it
 * writes are `p`, `ul`, `li` and `strong`, without attributes; every other `<`, `>`, `&` and quote becomes a character
 * reference, so that no text of a chart can become markup, escaped for Markdown or not.
 * @see requirement 41; §3.6
 */
export function detailAsHtml(markdown: string): string {
  return markdown
    .split('\n\n')
    .filter((block) => block !== '')
    .map(blockAsHtml)
    .join('');
}

function blockAsHtml(block: string): string {
  const lines = block.split('\n');
  if (!lines.every((line) => line.startsWith('- '))) return `<p>${inlineAsHtml(lines.join(' '))}</p>`;
  return `<ul>${lines.map((line) => `<li>${inlineAsHtml(line.slice(2))}</li>`).join('')}</ul>`;
}

/** `**` opens and closes `strong`; one that is not closed stays text. */
function inlineAsHtml(text: string): string {
  const parts = splitAtStrong(text);
  return parts
    .map((part, index) => {
      const html = textAsHtml(part);
      if (index % 2 === 0) return html;
      return index === parts.length - 1 ? `**${html}` : `<strong>${html}</strong>`;
    })
    .join('');
}

/** The text cut at every `**` that no backslash escapes. */
function splitAtStrong(text: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && at + 1 < text.length) {
      part += text.slice(at, at + 2);
      at += 1;
    } else if (text.startsWith('**', at)) {
      parts.push(part);
      part = '';
      at += 1;
    } else {
      part += text[at] ?? '';
    }
  }
  return [...parts, part];
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function textAsHtml(text: string): string {
  let html = '';
  for (let at = 0; at < text.length; at++) {
    OUR_ENTITY.lastIndex = at;
    const [entity] = OUR_ENTITY.exec(text) ?? [];
    if (entity !== undefined) {
      html += entity;
      at += entity.length - 1;
      continue;
    }
    if (text[at] === '\\' && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? '')) at += 1;
    const character = text[at] ?? '';
    html += REFERENCES[character] ?? character;
  }
  return html;
}
