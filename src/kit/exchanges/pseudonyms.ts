import { createHmac, randomBytes } from 'node:crypto';

/** Where recorded links lead: nowhere. */
export const STAND_IN_BASE = 'http://fhir-server.invalid/fhir';

/** Ids replaced by ids that say nothing, the same ones by the same; nobody keeps the key. */
export interface Pseudonyms {
  id(id: string): string;
  /** `Type/id`, an absolute address, `#id` or `urn:uuid:id`, with its id replaced; undefined for anything else. */
  reference(reference: string): string | undefined;
}

const LOCAL = /^([A-Z][A-Za-z]+)\/([^/?#]+)(?:\/_history\/[^/?#]+)?$/;
const ABSOLUTE = /^https?:\/\/.+\/([A-Z][A-Za-z]+\/[^/?#]+)(?:\/_history\/[^/?#]+)?$/;

export function pseudonyms(key: Buffer = randomBytes(32)): Pseudonyms {
  const id = (text: string): string => `x${createHmac('sha256', key).update(text).digest('hex').slice(0, 20)}`;
  const local = (reference: string): string | undefined => {
    const [, type, named] = LOCAL.exec(reference) ?? [];
    return type === undefined || named === undefined ? undefined : `${type}/${id(decoded(named))}`;
  };
  return {
    id,
    reference: (reference) => {
      if (reference.startsWith('#')) return reference === '#' ? '#' : `#${id(reference.slice(1))}`;
      if (/^urn:(uuid|oid):/.test(reference)) return `urn:uuid:${uuidLike(id(reference))}`;
      const [, path] = ABSOLUTE.exec(reference) ?? [];
      if (path === undefined) return local(reference);
      const named = local(path);
      return named === undefined ? undefined : `${STAND_IN_BASE}/${named}`;
    },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function uuidLike(id: string): string {
  const hex = id.slice(1).padEnd(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
