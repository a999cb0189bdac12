/** Why no test shows a requirement: what it is about is not offered, or no run could show it. A requirement is never both here and tested. */
export const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  '54': 'no card links to a SMART app: links, where there are any, are of type `absolute`',
};
