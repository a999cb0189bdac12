import type { FhirResource } from 'fhir/r4.js';
import { parsePrefetchTemplate, templatePath, type PrefetchTemplate } from '../../../src/cds-hooks/prefetch-query.js';
import { serviceCatalogue } from '../../../src/cds-hooks/service-catalogue.js';
import type { SourceKey } from '../../../src/concepts/concept.js';
import {
  fillTemplate,
  lookBackStart,
  SOURCE_RULES,
  topUpPath,
  untilPredictionPath,
} from '../../../src/fhir/source-query.js';
import { indexResource, ListPool } from '../../../src/sandbox/index-resource.js';
import { RESOURCE_TYPES } from '../../../src/sandbox/search-parameters.js';
import type { ParityCase } from '../parity-cases.js';
import { PREDICTION_TIME } from './parity-chart.js';

const HOUR_MS = 3_600_000;
/** How far the first answer is made to reach back, so that a top-up is asked for the rest. */
const HELD_MS = 6 * HOUR_MS;
const SMALL_PAGE = '7';

/**
 * Every query that the service or an EHR sends for one patient, made by the code that makes them: each prefetch template, the
 * same up to the prediction time, both in small pages, and what completes each look-back.
 */
export function serviceQueries(situation: string, patientId: string): readonly ParityCase[] {
  const context = {
    userId: 'Practitioner/doc',
    patientId: 'PATIENT',
    draftOrders: { resourceType: 'Bundle', type: 'collection' },
  } as const;
  const templates = serviceCatalogue().services.flatMap(({ prefetch }) => Object.entries(prefetch ?? {}));
  return templates.flatMap(([key, text]): ParityCase[] => {
    const template = fillTemplate(parsePrefetchTemplate(text), context);
    if (!isSource(key) || !template) throw new Error(`no query for the prefetch key ${key}`);
    const paths: [string, string][] = [[`query ${key}`, templatePath(template)]];
    if (template.kind === 'search') {
      const small = inSmallPages(template);
      paths.push([`query ${key} in small pages`, templatePath(small)]);
      if (SOURCE_RULES[key].dateParameter !== undefined) {
        const until = untilPredictionPath(template, key, PREDICTION_TIME);
        const smallUntil = untilPredictionPath(small, key, PREDICTION_TIME);
        paths.push([`query ${key} until the prediction time`, until]);
        paths.push([`query ${key} until the prediction time in small pages`, smallUntil]);
      }
      for (const lookBack of SOURCE_RULES[key].lookBacks) {
        const window = { fromMs: lookBackStart(lookBack, PREDICTION_TIME), toMs: PREDICTION_TIME - HELD_MS };
        paths.push([`top-up ${key} ${lookBack.hours} h`, topUpPath(template, key, lookBack, window)]);
      }
    }
    return paths.map(([what, path]) => ({
      name: `${what} of ${situation}`,
      steps: [{ path: path.replaceAll('PATIENT', `{${patientId}}`), isFollowed: true }],
    }));
  });
}

function isSource(key: string): key is SourceKey {
  return key in SOURCE_RULES;
}

function inSmallPages(
  template: Extract<PrefetchTemplate, { kind: 'search' }>,
): Extract<PrefetchTemplate, { kind: 'search' }> {
  const others = template.parameters.filter(([name]) => name !== '_count');
  return { ...template, parameters: [...others, ['_count', SMALL_PAGE]] };
}

/** A search by every parameter that the embedded server declares, with a value that the chart holds. */
export function declaredParameters(chart: readonly FhirResource[], run: string): readonly ParityCase[] {
  return [...RESOURCE_TYPES].flatMap(([type, { parameters }]) => {
    const own = chart.filter(({ resourceType }) => resourceType === type);
    const indexes = own.map((resource) => indexResource(resource, new ListPool()));
    // Of the types that are about no patient the server holds those of other runs too.
    const only = parameters.has('patient')
      ? 'patient={pat}'
      : `_id=${own.map(({ id = '' }) => id.replace(`${run}-`, '{') + '}').join(',')}`;
    const named = [...parameters].filter(([name]) => !name.startsWith('_'));
    return named.map(([name, { kind }]): ParityCase => {
      const value = indexes
        .map(({ tokens, dates, references, strings }) => {
          const date = dates[name];
          if (kind === 'date') return date && `ge${new Date(date.low).toISOString()}`;
          if (kind === 'string') return strings[name]?.[0];
          if (kind === 'reference') return references[name]?.[0]?.replace(`${run}-`, '{').concat('}');
          const token = tokens[name]?.find(({ code }) => code !== '');
          return token && (token.system === '' ? token.code : `${token.system}|${token.code}`);
        })
        .find((found) => found !== undefined);
      if (value === undefined) throw new Error(`the parity chart has nothing to search ${type} by ${name}`);
      const encoded = encodeURIComponent(value.replace(run, '{run}')).replaceAll('%7B', '{').replaceAll('%7D', '}');
      return { name: `${type} by ${name}`, steps: [{ path: `${type}?${only}&${name}=${encoded}&_count=100` }] };
    });
  });
}
