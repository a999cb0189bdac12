/** Items of a list under `## heading` in a model card's Markdown, as plain text; none where there is no such section. */
export function itemsUnder(heading: string, markdown = ''): readonly string[] {
  const lines = markdown.split('\n');
  const start = lines.indexOf(`## ${heading}`);
  if (start < 0) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith('## '));
  return rest
    .slice(0, end < 0 ? undefined : end)
    .filter((line) => line.startsWith('- '))
    .map((line) => plain(line.slice(2)));
}

/** Markdown of the cards without its marks: emphasis, code and links. */
function plain(text: string): string {
  return text
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replaceAll(/\*\*([^*]+)\*\*/g, '$1')
    .replaceAll('`', '')
    .trim();
}
