import { createHash } from 'node:crypto';
import type { Coding, Meta } from 'fhir/r4.js';

/** `meta.tag` of everything the kit loads, by which it is found again. */
export const KIT_TAG: Coding = { system: 'https://hemolens.org/fhir/CodeSystem/kit', code: 'loaded-by-kit' };

/** System of the tag that tells one load from another; its code is the load's name. */
export const LOAD_NAME_SYSTEM = 'https://hemolens.org/fhir/CodeSystem/kit-load';

const LOAD_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const FHIR_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** Can a load be named so? Letters, digits, dot, hyphen and underscore, at most 64. */
export function isLoadName(text: string): boolean {
  return LOAD_NAME.test(text);
}

/** The meta of a resource with the two tags of a load added; everything else stays. */
export function taggedMeta(meta: Meta | undefined, tag: string): Meta {
  return { ...meta, tag: [...(meta?.tag ?? []), KIT_TAG, { system: LOAD_NAME_SYSTEM, code: tag }] };
}

/**
 * The id a resource gets on the server: stable, of its load (loads of other names never meet, and nothing of the site's is
 * overwritten), a legal FHIR id, never only digits (HAPI refuses those). Order by id stays what it was wherever the id fits.
 */
export function derivedId(tag: string, type: string, id: string): string {
  const own = `${idPrefix(tag)}${id}`;
  return FHIR_ID.test(own) ? own : `${idPrefix(tag)}${digest(`${type}/${id}`).slice(0, 40)}`;
}

function idPrefix(tag: string): string {
  return `h${digest(tag).slice(0, 6)}-`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
