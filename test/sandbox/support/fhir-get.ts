import type { Bundle } from 'fhir/r4.js';

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed JSON, or undefined. */
  readonly json: unknown;
}

export async function send(url: string, init: RequestInit = {}): Promise<Got> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: answer.status, headers: answer.headers, text, json };
}

/** GET of a searchset; fails the test on any other answer. */
export async function bundle(url: string): Promise<Bundle> {
  const { status, text, json } = await send(url);
  if (status !== 200 || !isBundle(json))
    throw new Error(`expected a searchset, got ${String(status)} ${text.slice(0, 300)}`);
  return json;
}

export function sendJson(url: string, method: string, resource: object): Promise<Got> {
  return send(url, { method, headers: { 'Content-Type': 'application/fhir+json' }, body: JSON.stringify(resource) });
}

export function ids(searchset: Bundle): string[] {
  return (searchset.entry ?? []).map(({ resource }) => resource?.id ?? '');
}

export function nextLink(searchset: Bundle): string | undefined {
  return searchset.link?.find(({ relation }) => relation === 'next')?.url;
}

function isBundle(value: unknown): value is Bundle {
  return typeof value === 'object' && value !== null && 'resourceType' in value && value.resourceType === 'Bundle';
}
