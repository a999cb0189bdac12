import { performance } from 'node:perf_hooks';
import {
  fillPrefetchTemplate,
  parsePrefetchTemplate,
  templatePath,
  type PrefetchTemplate,
  type TokenContext,
} from '../cds-hooks/prefetch-query.js';
import { isObject, member, textMember, valuesAt } from './resource-json.js';

/** Which prefetch keys the EHR fills: all, none, or these. */
export type PrefetchChoice = 'full' | 'none' | readonly string[];

/** What became of one key of the service's prefetch. */
export interface PrefetchQuery {
  readonly key: string;
  /**
   * `data` and `empty`: sent, with resources or without any; `failed`: the query failed, so the key is left out; `unresolved`: the
   * template cannot be filled or run; `not-asked`: not chosen.
   */
  readonly state: 'data' | 'empty' | 'failed' | 'unresolved' | 'not-asked';
  /** Path and query below the FHIR base. */
  readonly path?: string;
  readonly status?: number;
  /** Resources in the answer; of a page those on it. */
  readonly resources?: number;
  /** Is the answer a first page? */
  readonly hasMore?: boolean;
  /** Bytes of the answer, decompressed. */
  readonly bytes?: number;
  readonly durationMs?: number;
  /** Why there is no value: a token without value, what is wrong with the template, or a system error code. */
  readonly reason?: string;
}

export interface FilledPrefetch {
  /** Keys in template order; a key that failed or was not asked for is not there. */
  readonly prefetch: Readonly<Record<string, unknown>>;
  /** One for each template, in template order. */
  readonly queries: readonly PrefetchQuery[];
}

export interface PrefetchSource {
  readonly fhirBase: string;
  readonly context: TokenContext;
  readonly accessToken?: string;
  readonly signal?: AbortSignal;
}

/**
 * Runs each chosen template, all at once. A read that finds nothing is null; a search is the Bundle as it came, `next` link and
 * all; a template that cannot be filled, or whose query fails, has no key. Throws only the abort reason of `signal`.
 * @see requirements 21 and 24
 */
export async function fillPrefetch(
  source: PrefetchSource,
  templates: ReadonlyMap<string, string>,
  choice: PrefetchChoice,
): Promise<FilledPrefetch> {
  const isChosen = (key: string): boolean => choice === 'full' || (choice !== 'none' && choice.includes(key));
  const filled = await Promise.all(
    [...templates].map(async ([key, text]): Promise<Filled> => {
      if (!isChosen(key)) return { query: { key, state: 'not-asked' } };
      const template = runnable(text, source.context);
      if ('reason' in template) return { query: { key, state: 'unresolved', reason: template.reason } };
      return run(source, key, template);
    }),
  );
  const values = filled.flatMap(({ query, value }): [string, unknown][] =>
    value === undefined ? [] : [[query.key, value]],
  );
  return { prefetch: Object.fromEntries(values), queries: filled.map(({ query }) => query) };
}

interface Filled {
  readonly query: PrefetchQuery;
  readonly value?: unknown;
}

/** The template with its tokens filled, or why it cannot be run: one bad template does not spoil the others. */
function runnable(text: string, context: TokenContext): PrefetchTemplate | { readonly reason: string } {
  let parsed: PrefetchTemplate;
  try {
    parsed = parsePrefetchTemplate(text);
  } catch (error) {
    return { reason: error instanceof Error ? error.message : 'not a template' };
  }
  const filled = fillPrefetchTemplate(parsed, context);
  return filled.kind === 'filled' ? filled.template : { reason: `{{${filled.token}}} has no value` };
}

async function run(
  { fhirBase, accessToken, signal }: PrefetchSource,
  key: string,
  template: PrefetchTemplate,
): Promise<Filled> {
  const path = templatePath(template);
  const started = performance.now();
  try {
    const answer = await fetch(`${fhirBase}/${path}`, {
      headers: {
        Accept: 'application/fhir+json',
        ...(accessToken !== undefined && { Authorization: `Bearer ${accessToken}` }),
      },
      ...(signal && { signal }),
    });
    const text = await answer.text();
    const { status } = answer;
    const told = { key, path, status, bytes: Buffer.byteLength(text), durationMs: performance.now() - started };
    if (status === 200) return judged(told, jsonOf(text));
    const isMissing = template.kind === 'read' && (status === 404 || status === 410);
    return isMissing ? { query: { ...told, state: 'empty' }, value: null } : { query: { ...told, state: 'failed' } };
  } catch (error) {
    if (signal?.aborted) throw error;
    return {
      query: { key, state: 'failed', path, durationMs: performance.now() - started, reason: systemCode(error) },
    };
  }
}

function judged(told: Omit<PrefetchQuery, 'state'>, value: unknown): Filled {
  if (!isObject(value)) return { query: { ...told, state: 'failed', reason: 'the answer is not FHIR JSON' } };
  const isBundle = textMember(value, 'resourceType') === 'Bundle';
  const resources = isBundle ? valuesAt(value, 'entry').length : 1;
  const hasMore = isBundle && valuesAt(value, 'link').some((link) => textMember(link, 'relation') === 'next');
  return {
    query: { ...told, state: resources === 0 ? 'empty' : 'data', resources, ...(hasMore && { hasMore }) },
    value,
  };
}

function systemCode(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return textMember(cause, 'code') ?? textMember(member(cause, 'cause'), 'code') ?? 'the connection failed';
}

/** Parsed JSON; undefined where the text is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
