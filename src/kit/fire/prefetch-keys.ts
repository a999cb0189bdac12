import { oneLine } from '../fhir-server/outcome-words.js';

/** Which keys are sent: all, the first half, none, or these. */
export type FirePrefetch = 'full' | 'partial' | 'none' | readonly string[];

export type ChosenKeys =
  { readonly kind: 'keys'; readonly keys: readonly string[] } | { readonly kind: 'unknown'; readonly says: string };

/**
 * The keys to fill, in the order of the discovery page. `partial` is the first half of them, rounded down but at least one: it
 * works for any service, and what is left out must come over FHIR (of ours: patient, encounters, labs and vitals are sent).
 */
export function chosenKeys(choice: FirePrefetch, keys: readonly string[]): ChosenKeys {
  switch (choice) {
    case 'full':
      return { kind: 'keys', keys };
    case 'partial':
      return { kind: 'keys', keys: keys.slice(0, Math.max(1, Math.floor(keys.length / 2))) };
    case 'none':
      return { kind: 'keys', keys: [] };
    default: {
      const unknown = choice.filter((key) => !keys.includes(key));
      if (unknown.length === 0) return { kind: 'keys', keys: keys.filter((key) => choice.includes(key)) };
      const offered = keys.length === 0 ? 'it has no prefetch' : `its keys are ${keys.map(oneLine).join(', ')}`;
      return { kind: 'unknown', says: `The service has no prefetch key ${unknown.join(', ')}; ${offered}.` };
    }
  }
}

/** The choice in an option's text: `full`, `partial`, `none`, or keys with commas between; undefined for an empty list. */
export function parsePrefetchChoice(text: string): FirePrefetch | undefined {
  if (text === 'full' || text === 'partial' || text === 'none') return text;
  const keys = text
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
  return keys.length === 0 ? undefined : keys;
}
