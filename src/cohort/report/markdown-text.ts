/** A text inside a Markdown table cell or list item: one line, no mark-up of its own. */
export function markdownText(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replaceAll(/([`*_[\]])/g, '\\$1');
}
