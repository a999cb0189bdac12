import type { FhirResource } from 'fhir/r4.js';
import { textMember, valuesAt } from '../../../src/sandbox/resource-json.js';
import { factsOf, type Facts, type Received } from './normalised-answer.js';

/** One request of a case. `{name}` in path, body and headers is the run's id of that name; `{new…}` is the case's own, `{assigned}` the id the server gave last. */
export interface Step {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  /** Path below the base and query, as it goes over the wire. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or a text sent as it is. */
  readonly body?: unknown;
  /** Follow `next` to the end. */
  readonly isFollowed?: boolean;
  /** Its answer only prepares the case. */
  readonly isSilent?: boolean;
}

const MOST_PAGES = 100;

/** Sends the steps of a case to one server, one after another; the facts of each, `2.status` for the second where there are several. */
export async function runSteps(base: string, steps: readonly Step[], run: string, caseNumber: number): Promise<Facts> {
  const all: Record<string, unknown> = {};
  let assigned = 'none-yet';
  const known = new Set<string>();
  const told = steps.filter(({ isSilent }) => isSilent !== true).length;
  let number = 0;
  for (const step of steps) {
    const fill = (text: string): string =>
      text.replace(/\{([a-z][a-z0-9-]*)\}/g, (_, name: string) => {
        if (name === 'assigned') return assigned;
        if (name === 'run') return run;
        return name.startsWith('new') ? `${run}-${caseNumber}-${name}` : `${run}-${name}`;
      });
    const pages = await exchange(base, step, fill);
    for (const id of assignedIds(pages, run)) {
      known.add(id);
      assigned = id;
    }
    if (step.isSilent === true) continue;
    number += 1;
    const anonymous = (text: string): string => {
      let plain = text.replaceAll(base, '{base}').replaceAll(`${run}-${caseNumber}-`, '').replaceAll(`${run}-`, '');
      for (const id of known) plain = plain.replaceAll(id, '{assigned}');
      return plain;
    };
    const query = fill(step.path).split('?')[1] ?? '';
    const facts = factsOf(pages, { parameters: new URLSearchParams(query), anonymous });
    for (const [name, value] of Object.entries(facts)) all[told > 1 ? `${number}.${name}` : name] = value;
  }
  return all;
}

async function exchange(base: string, step: Step, fill: (text: string) => string): Promise<readonly Received[]> {
  const { method = 'GET', path, headers = {}, body, isFollowed = false } = step;
  const sent = body === undefined ? undefined : fill(typeof body === 'string' ? body : JSON.stringify(body));
  const pages: Received[] = [];
  let url: string | undefined = path === '' ? base : `${base}/${fill(path)}`;
  while (url !== undefined && pages.length < MOST_PAGES) {
    const answer = await fetch(url, {
      method,
      headers: {
        Accept: 'application/fhir+json',
        'Accept-Encoding': 'gzip',
        ...(sent !== undefined && { 'Content-Type': 'application/fhir+json' }),
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)])),
      },
      ...(sent !== undefined && { body: sent }),
    });
    const text = await answer.text();
    pages.push({ status: answer.status, headers: answer.headers, json: parsed(text) });
    url = isFollowed ? nextLink(pages.at(-1)?.json) : undefined;
  }
  return pages;
}

export function nextLink(bundle: unknown): string | undefined {
  const next = valuesAt(bundle, 'link').find((link) => textMember(link, 'relation') === 'next');
  return textMember(next, 'url');
}

/** Ids that a server gave to what it created, in the order of the answer. */
function assignedIds(pages: readonly Received[], run: string): readonly string[] {
  const places = pages.flatMap(({ headers, json }) => [
    headers.get('location') ?? '',
    ...valuesAt(json, 'entry.response.location').filter((place): place is string => typeof place === 'string'),
  ]);
  return places.flatMap((place) => {
    const id = /\/([^/]+)\/_history\//.exec(place)?.[1];
    return id === undefined || id.startsWith(run) ? [] : [id];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Puts resources on a server as transactions of at most so many entries; throws where one is refused. */
export async function putAll(base: string, resources: readonly FhirResource[], size = 200): Promise<void> {
  for (let at = 0; at < resources.length; at += size) {
    const entry = resources.slice(at, at + size).map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id ?? ''}` },
    }));
    const answer = await fetch(base, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`the chart is refused: ${answer.status} ${text.slice(0, 1000)}`);
  }
}
