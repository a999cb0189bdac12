import { isObject, member, textMember } from '../../../sandbox/resource-json.js';
import { templatePath } from '../../../cds-hooks/prefetch-query.js';
import type { Exchange } from '../exchange.js';
import { asksFor, type FilledTemplate } from '../filled-templates.js';
import { cardsIn, type Probe } from '../probe.js';
import { fail, notApplicable, pass, rulesOf, warn, type Finding } from '../rule.js';
import { gistOf, isAnswered, statusIs, worst } from './answers.js';
import { omitting } from './found.js';

const NOTHING = { resourceType: 'Bundle', type: 'searchset', total: 0 };
const OUTCOME = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: 'exception', diagnostics: 'The query failed at the client' }],
};
const OTHER_PATIENT = 'conformance-other-patient';

/** 1.4 of the reference: the five states of a prefetch key, and what follows from them. */
export const PREFETCH_RULES = rulesOf({ section: 'prefetch', needs: 'templates-and-fhir' }, [
  {
    id: 'prefetch-data',
    requirements: ['24'],
    level: 'SHOULD',
    title: 'Prefetched data is used and not queried again',
    check: async (probe) => {
      const whole = probe.templates.filter(({ value }) => isObject(value) && !hasNextLink(value));
      return notQueried(await probe.standard(), whole, 'given as data');
    },
  },
  {
    id: 'prefetch-null',
    requirements: ['24'],
    title: 'A key that is null has been answered with no data: it is not queried again',
    check: async (probe) => withSearches(probe, 'null', () => null),
  },
  {
    id: 'prefetch-empty-bundle',
    requirements: ['24'],
    title: 'A Bundle without entries is no data: it is not queried again',
    check: async (probe) => withSearches(probe, 'an empty Bundle', () => NOTHING),
  },
  {
    id: 'prefetch-outcome',
    requirements: ['24'],
    title: 'An OperationOutcome, alone or in a Bundle, is a failed query: it is not repeated',
    check: async (probe) =>
      worst([
        await withSearches(probe, 'an OperationOutcome', () => OUTCOME),
        await withSearches(probe, 'a Bundle with an OperationOutcome', () => ({
          ...NOTHING,
          entry: [{ resource: OUTCOME, search: { mode: 'outcome' } }],
        })),
      ]),
  },
  {
    id: 'prefetch-absent',
    requirements: ['25'],
    title: 'What was not prefetched is read from the FHIR server',
    check: async (probe) => {
      const call = await probe.fhirOnly();
      const asked = probe.templates.filter((filled) => isAskedByType(call, filled));
      if (asked.length === 0) return fail('nothing was prefetched, and the FHIR server was asked nothing', call);
      if (!isAnswered(call)) return fail(`nothing prefetched: ${gistOf(call)}`, call);
      const others = probe.templates.filter((filled) => !asked.includes(filled)).map(({ key }) => key);
      if (others.length > 0) return warn(`never asked for: ${others.join(', ')}`, call);
      return pass(`${call.fhir.length} requests for ${asked.length} keys`, call);
    },
  },
  {
    id: 'prefetch-partial',
    requirements: ['25'],
    title: 'Where some keys are missing, those are read from the FHIR server',
    check: async (probe) => {
      const lacking = probe.templates.filter((_, at) => at % 2 === 1);
      if (lacking.length === 0) return notApplicable('the service has one prefetch key');
      const call = await probe.call({
        label: 'order-sign, every second key missing',
        prefetch: (filled) => (lacking.includes(filled) ? undefined : filled.value),
      });
      if (!isAnswered(call)) return fail(`some keys missing: ${gistOf(call)}`, call);
      const asked = lacking.filter((filled) => isAskedByType(call, filled)).map(({ key }) => key);
      if (asked.length === 0) return fail(`${lacking.map(({ key }) => key).join(', ')} missing and not read`, call);
      return pass(`read: ${asked.join(', ')}`, call);
    },
  },
  {
    id: 'prefetch-or-fhir',
    requirements: ['25'],
    level: 'SHOULD',
    title: 'The answer is the same from prefetch and from the FHIR server',
    check: async (probe) => {
      const prefetched = await probe.call({ label: 'order-sign, prefetch and no FHIR server', access: 'none' });
      const read = await probe.fhirOnly();
      const [one, other] = [gistOf(prefetched), gistOf(read)];
      if (one === other || gistOf(await probe.standard()) !== gistOf(await probe.again())) return pass(one, read);
      return fail(`prefetched: ${one}; read: ${other}`, read);
    },
  },
  {
    id: 'no-data-412',
    requirements: ['26', '36'],
    needs: 'templates',
    title: 'Neither prefetch nor FHIR server: 412, not an empty answer',
    check: async (probe) => {
      const call = await probe.call({
        label: 'order-sign, no prefetch, no fhirServer',
        prefetch: 'none',
        access: 'none',
      });
      if (call.status !== 200) return statusIs(call, [412]);
      const needsData = cardsIn((await probe.standard()).body).length > 0;
      if (needsData && cardsIn(call.body).length === 0) {
        return fail('HTTP 200 without a card: nobody can tell "no advice" from "no data"', call);
      }
      return warn('HTTP 200 without any data: right only if the service requires none', call);
    },
  },
  {
    id: 'empty-chart-200',
    requirements: ['26'],
    needs: 'call',
    title: 'A chart that can be read and holds nothing is answered 200, never 412',
    check: async (probe) => {
      const findings: Finding[] = [];
      if (probe.templates.some(isSearch)) {
        const prefetched = await probe.call({
          label: 'order-sign, every search prefetched and empty',
          access: 'none',
          prefetch: (filled) => (isSearch(filled) ? NOTHING : filled.value),
        });
        findings.push(statusIs(prefetched, [200]));
      }
      if ((await probe.fhirOnly()).fhir.length > 0) {
        const read = await probe.fhir.withEmptySearches(() =>
          probe.call({ label: 'order-sign, nothing prefetched, the FHIR server finds nothing', prefetch: 'none' }),
        );
        findings.push(statusIs(read, [200]));
      }
      return findings.length === 0 ? notApplicable('the service reads no chart') : worst(findings);
    },
  },
  {
    id: 'prefetch-paged',
    requirements: ['27'],
    title: 'The first page of a Bundle is taken, with and without a way to the next page',
    check: async (probe) => {
      const page = await firstPage(probe);
      if (!page) return notApplicable('no prefetch key of this patient has two entries');
      const prefetch = ({ key, value }: FilledTemplate): unknown => (key === page.key ? page.bundle : value);
      const findings: Finding[] = [];
      for (const access of ['token', 'none'] as const) {
        const label = `order-sign, ${page.key} paged, ${access === 'none' ? 'no fhirServer' : 'with fhirServer'}`;
        const call = await probe.call({ label, prefetch, access });
        findings.push(isAnswered(call) ? pass(`${page.key}: ${gistOf(call)}`, call) : fail(gistOf(call), call));
      }
      return worst(findings);
    },
  },
  {
    id: 'other-patients',
    requirements: ['28'],
    level: 'SHOULD',
    source: 'practice',
    title: "Another patient's resources among the prefetched change nothing",
    check: async (probe) => {
      const label = "order-sign, another patient's results in between";
      const call = await probe.call({ label, prefetch: ({ value }) => withOtherPatient(value) });
      const [clean, mixed] = [saidIn(await probe.standard()), saidIn(call)];
      if (clean === mixed) return pass('the same cards', call);
      if (clean !== saidIn(await probe.again())) return notApplicable('the cards differ from call to call anyhow');
      return fail(`says ${mixed}; without them ${clean}`, call);
    },
  },
]);

function isSearch({ template }: FilledTemplate): boolean {
  return template.kind === 'search';
}

/** Gives every search key one value and looks whether any is queried again. */
async function withSearches(probe: Probe, what: string, valueOf: () => unknown): Promise<Finding> {
  const searches = probe.templates.filter(isSearch);
  if (searches.length === 0) return notApplicable('no prefetch template is a search');
  const call = await probe.call({
    label: `order-sign, every search key ${what}`,
    prefetch: (filled) => (isSearch(filled) ? valueOf() : filled.value),
  });
  if (call.status === 0 || call.status >= 500) return fail(`${what}: ${gistOf(call)}`, call);
  return notQueried(call, searches, what);
}

function notQueried(call: Exchange, keys: readonly FilledTemplate[], what: string): Finding {
  const queried = keys.filter((filled) => call.fhir.some((seen) => asksFor(filled, seen))).map(({ key }) => key);
  if (queried.length > 0) return fail(`queried again though ${what}: ${queried.join(', ')}`, call);
  return pass(`${keys.length} keys ${what}, ${call.fhir.length} requests to the FHIR server`, call);
}

function isAskedByType({ fhir }: Exchange, { template: { resourceType } }: FilledTemplate): boolean {
  return fhir.some(({ path }) => path === resourceType || path.startsWith(`${resourceType}/`));
}

function hasNextLink(bundle: unknown): boolean {
  const links = member(bundle, 'link');
  return Array.isArray(links) && links.some((link: unknown) => textMember(link, 'relation') === 'next');
}

function entriesIn(bundle: unknown): readonly unknown[] {
  const entries = member(bundle, 'entry');
  return Array.isArray(entries) ? entries : [];
}

/** Of the first key with two entries or more: half of them, with the FHIR server's own `next` link. */
async function firstPage({ templates, fhir }: Probe): Promise<{ key: string; bundle: unknown } | undefined> {
  for (const { key, template, value } of templates) {
    const count = entriesIn(value).length;
    if (template.kind !== 'search' || count < 2) continue;
    const parameters = template.parameters.filter(([name]) => name !== '_count');
    const half = String(Math.ceil(count / 2));
    const path = templatePath({ ...template, parameters: [...parameters, ['_count', half]] });
    const answer = await fetch(`${fhir.localUrl}/${path}`, { headers: { Accept: 'application/fhir+json' } });
    const bundle: unknown = answer.status === 200 ? await answer.json() : undefined;
    if (hasNextLink(bundle)) return { key, bundle };
  }
  return undefined;
}

/** The Bundle with a copy of each result before it, three times as high, of another patient. */
function withOtherPatient(value: unknown): unknown {
  if (textMember(value, 'resourceType') !== 'Bundle' || !isObject(value)) return value;
  const entries = entriesIn(value);
  const others = entries.flatMap((entry, at) => {
    const resource = member(entry, 'resource');
    const subject = { reference: `Patient/${OTHER_PATIENT}` };
    if (!isObject(resource) || member(resource, 'subject') === undefined) return [];
    const quantity = member(resource, 'valueQuantity');
    const amount = member(quantity, 'value');
    return [
      {
        resource: {
          ...resource,
          id: `conformance-other-${at}`,
          subject,
          ...(isObject(quantity) &&
            typeof amount === 'number' && { valueQuantity: { ...quantity, value: Math.round(amount * 300) / 100 } }),
        },
      },
    ];
  });
  if (others.length === 0) return value;
  return { ...omitting(value, 'total'), entry: [...others, ...entries] };
}

/** What a clinician would read. */
function saidIn(call: Exchange): string {
  const cards = cardsIn(call.body).map(
    (card) => `${textMember(card, 'indicator') ?? '?'}: ${textMember(card, 'summary') ?? '?'}`,
  );
  return isAnswered(call) ? JSON.stringify(cards) : gistOf(call);
}
