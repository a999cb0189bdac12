import { textMember } from '../../sandbox/resource-json.js';
import type { FhirServerAccess } from '../fhir-server/fhir-server-access.js';
import type { FhirR4Server } from '../fhir-server/inspect-fhir-server.js';
import { searchPages, type SearchEnd } from '../fhir-server/search-pages.js';
import type { ServerProblem } from '../fhir-server/server-problem.js';
import { KIT_TAG, LOAD_NAME_SYSTEM } from './load-tag.js';

export interface FoundLoaded {
  readonly kind: 'found';
  /** `Type/id`, in no particular order. */
  readonly references: readonly string[];
  /** Types that could not be searched to their end by tag. */
  readonly unread: readonly string[];
}

const PAGE = 500;
const AT_A_TIME = 4;

/**
 * What the kit loaded: of one load, or of all of them. Each type is asked, ids only, to the last page.
 * Throws only the abort reason of `access.signal`.
 */
export async function findLoaded(
  access: FhirServerAccess,
  server: FhirR4Server,
  tag: string | undefined,
): Promise<FoundLoaded | ServerProblem> {
  const token = tag === undefined ? `${KIT_TAG.system ?? ''}%7C${KIT_TAG.code ?? ''}` : `${LOAD_NAME_SYSTEM}%7C${tag}`;
  const types = [...server.types]
    .filter(([, { interactions }]) => interactions.has('search-type'))
    .map(([type]) => type);
  const references = new Set<string>();
  const unread: string[] = [];
  const problems: ServerProblem[] = [];
  const work = async (): Promise<void> => {
    for (let type = types.pop(); type !== undefined && problems.length === 0; type = types.pop()) {
      const end = await idsOf(access, type, token, references);
      if (end.kind === 'refused' || end.kind === 'next-not-followed' || end.kind === 'limit') unread.push(type);
      else if (end.kind !== 'complete') problems.push(end);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return problems[0] ?? { kind: 'found', references: [...references], unread: unread.sort() };
}

/** Servers that do not know `_elements` are asked again without it. */
async function idsOf(
  access: FhirServerAccess,
  type: string,
  token: string,
  references: Set<string>,
): Promise<SearchEnd | ServerProblem> {
  const take = (rows: readonly { readonly resource: unknown }[]): 'more' => {
    for (const { resource } of rows) {
      const id = textMember(resource, 'id');
      if (textMember(resource, 'resourceType') === type && id !== undefined) references.add(`${type}/${id}`);
    }
    return 'more';
  };
  const path = `${type}?_tag=${token}&_count=${PAGE}`;
  const end = await searchPages(access, { path: `${path}&_elements=id`, take });
  return end.kind === 'refused' && end.status === 400 ? await searchPages(access, { path, take }) : end;
}
