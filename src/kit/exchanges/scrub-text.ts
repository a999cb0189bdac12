import { isObject, textMember } from '../../sandbox/resource-json.js';

/** Words that tell who or where somebody is, as they stand in what is recorded. */
export interface KnownIdentities {
  readonly pattern: RegExp | undefined;
  /** Is the whole text one of them? */
  isExactly(text: string): boolean;
}

/** Members whose texts are identities wherever they are; of names each word counts by itself. */
const IDENTITY_MEMBERS: ReadonlySet<string> = new Set([
  ...['identifier', 'telecom', 'address', 'contact', 'photo', 'subject', 'patient', 'requester', 'performer', 'author'],
  ...['participant', 'recorder', 'asserter', 'serviceProvider', 'generalPractitioner', 'managingOrganization'],
]);
const NAME_MEMBERS: ReadonlySet<string> = new Set(['family', 'given']);
/** Of an identity's members these are words of the standard. */
const NOT_IDENTITIES: ReadonlySet<string> = new Set([
  'system',
  'use',
  'type',
  'code',
  'display',
  'start',
  'end',
  'url',
  'contentType',
  'mode',
  'status',
  'relationship',
  'gender',
  'resourceType',
  'country',
]);
const SHORTEST = 3;
const SHORTEST_ID = 4;
const LONGEST = 120;

/** Names, identifiers, telecoms, addresses, ids and the display texts of references in FHIR JSON. */
export function knownIdentities(json: unknown): KnownIdentities {
  const found = new Set<string>();
  collect(json, '', false, found);
  const words = [...found]
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return {
    pattern:
      words.length === 0 ? undefined : new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join('|')})(?![\\p{L}\\p{N}])`, 'giu'),
    isExactly: (text) => found.has(text),
  };
}

/** A text without these words. */
export function scrubbed(text: string, { pattern }: KnownIdentities): string {
  return pattern === undefined ? text : text.replace(pattern, '…');
}

function collect(value: unknown, name: string, isIdentity: boolean, found: Set<string>): void {
  if (typeof value === 'string') {
    const isName = NAME_MEMBERS.has(name);
    const isWanted = isName || (isIdentity && !NOT_IDENTITIES.has(name)) || name === 'id';
    if (!isWanted || value.length > LONGEST || value.length < (name === 'id' ? SHORTEST_ID : SHORTEST)) return;
    found.add(value);
    if (isName) for (const word of value.split(/[\s-]+/)) if (word.length >= SHORTEST) found.add(word);
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) collect(item, name, isIdentity, found);
    return;
  }
  if (!isObject(value)) return;
  const isReference = textMember(value, 'reference') !== undefined;
  for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
    if (key === 'display' && isReference && typeof inner === 'string' && inner.length >= SHORTEST) found.add(inner);
    const isPart =
      isIdentity || IDENTITY_MEMBERS.has(key) || (key === 'name' && isObject(Array.isArray(inner) ? inner[0] : inner));
    collect(inner, key, isPart && key !== 'reference', found);
  }
}
