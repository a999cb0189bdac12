/** One line of JSON without its line end. Line and paragraph separators are escaped: readers of lines may end a line there. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
