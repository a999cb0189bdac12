import { TokenRefusal } from './token-refusal.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const STRING_OR_MARK = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * The object in a JSON text. Refuses text that is not one, and an object (at any depth) with the same member twice, also
 * where the two are escaped differently: parsers disagree on which of them counts.
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-4
 */
export function parseStrictObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new TokenRefusal('token-malformed');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TokenRefusal('token-malformed');
  if (hasDuplicateMember(text)) throw new TokenRefusal('member-duplicated');
  return { ...value };
}

/** Of valid JSON. A string is a member's name where a colon follows it. */
function hasDuplicateMember(text: string): boolean {
  const open: Set<string>[] = [];
  let last: string | undefined;
  for (const [mark] of text.matchAll(STRING_OR_MARK)) {
    if (mark === '{' || mark === '[') open.push(new Set());
    else if (mark === '}' || mark === ']') open.pop();
    else if (mark === ':' && last !== undefined) {
      const names = open.at(-1);
      const name = String(JSON.parse(last));
      if (names?.has(name) === true) return true;
      names?.add(name);
    }
    last = mark.startsWith('"') ? mark : undefined;
  }
  return false;
}
