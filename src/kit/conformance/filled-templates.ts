import {
  fillPrefetchTemplate,
  parsePrefetchTemplate,
  templatePath,
  type PrefetchTemplate,
  type TokenContext,
} from '../../cds-hooks/prefetch-query.js';
import type { FhirSeen } from './exchange.js';

/** A prefetch template of the service, filled and run as an EHR would. */
export interface FilledTemplate {
  readonly key: string;
  readonly template: PrefetchTemplate;
  /** What the FHIR server answered; null where a read found nothing; undefined where the query failed. */
  readonly value: unknown;
}

/** Fills and runs every template that can be; the others, as with an EHR, have no key. */
export async function fillTemplates(
  templates: ReadonlyMap<string, string>,
  context: TokenContext,
  fhirBase: string,
): Promise<readonly FilledTemplate[]> {
  const filled = [...templates].flatMap(([key, text]) => {
    const template = fill(text, context);
    return template ? [{ key, template }] : [];
  });
  return Promise.all(filled.map(async (one) => ({ ...one, value: await run(one.template, fhirBase) })));
}

function fill(text: string, context: TokenContext): PrefetchTemplate | undefined {
  try {
    const result = fillPrefetchTemplate(parsePrefetchTemplate(text), context);
    return result.kind === 'filled' ? result.template : undefined;
  } catch {
    // An illegal template is told by its own rule.
    return undefined;
  }
}

async function run(template: PrefetchTemplate, fhirBase: string): Promise<unknown> {
  const answer = await fetch(`${fhirBase}/${templatePath(template)}`, { headers: { Accept: 'application/fhir+json' } });
  const text = await answer.text();
  if (answer.status === 200) {
    const body: unknown = JSON.parse(text);
    return body;
  }
  return template.kind === 'read' && (answer.status === 404 || answer.status === 410) ? null : undefined;
}

/**
 * Is this request the query of the template? Of a search, type and all restricting parameters must agree; further ones, and
 * others for order and page size, may be added.
 */
export function asksFor({ template }: FilledTemplate, { path, query }: FhirSeen): boolean {
  if (template.kind === 'read') {
    return (
      path === `${template.resourceType}/${template.id}` ||
      (path === template.resourceType && query.get('_id') === template.id)
    );
  }
  if (path !== template.resourceType) return false;
  const restricting = template.parameters.filter(([name]) => name !== '_count' && name !== '_sort');
  return restricting.every(([name, value]) => query.getAll(name).includes(value));
}
