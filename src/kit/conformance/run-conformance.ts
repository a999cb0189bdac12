import { randomUUID } from 'node:crypto';
import type { FhirResource } from 'fhir/r4.js';
import { ServiceError } from '../../errors/service-error.js';
import { isObject, member, textMember } from '../../sandbox/resource-json.js';
import { startSandbox } from '../../sandbox/start-sandbox.js';
import { clientTokens, type ClientIdentity, type ClientTokens } from './client-tokens.js';
import { totalsOf, type ConformanceReport, type RuleResult } from './conformance-report.js';
import { startElsewhere, type Elsewhere } from './elsewhere.js';
import { fillTemplates, type FilledTemplate } from './filled-templates.js';
import { findService } from './find-service.js';
import type { OrderUnderTest } from './hook-call.js';
import { isLoopbackUrl } from './loopback.js';
import { createProbeClient } from './probe-client.js';
import { createProbe, servicesIn, type Probe } from './probe.js';
import { notApplicable, type Finding, type Need, type Rule } from './rule.js';
import { ALL_RULES } from './rules/all-rules.js';
import { isFeedbackOffered } from './rules/security.js';
import { startWatchedFhir, type WatchedFhir } from './watched-fhir.js';

export interface ConformanceOptions {
  /** Base of the CDS service: the address before `/cds-services`. */
  readonly serviceUrl: string;
  /** Default: the first order-sign service that discovery lists. */
  readonly serviceId?: string | undefined;
  /** An order-sign request; its context, and its prefetch where the FHIR server has none, are used. */
  readonly hookRequest: unknown;
  /** The chart that the suite's own FHIR server holds. */
  readonly resources: readonly FhirResource[];
  /** The tester's own FHIR server, to stand behind the suite's instead of `resources`. */
  readonly fhirTarget?: string | undefined;
  /** Port of the suite's FHIR server on 127.0.0.1; default any. */
  readonly fhirPort?: number | undefined;
  /** Address under which the service reaches it, where the service runs elsewhere. */
  readonly fhirAddress?: string | undefined;
  /** Signs each call where it is given. */
  readonly client?: ClientIdentity | undefined;
  /** A web origin that may call the service. */
  readonly origin?: string | undefined;
  /** Requirement or rule ids; default all. */
  readonly only?: readonly string[] | undefined;
  /** Longest wait for one answer; default 15 s. */
  readonly timeoutMs?: number | undefined;
  readonly onProgress?: ((done: number, of: number, title: string) => void) | undefined;
}

const TIMEOUT_MS = 15_000;

/**
 * Asks a CDS service all rules, or those of `only`. What a service does is never thrown. Throws ServiceError ERR_CONFIG where nothing
 * answers at the address; ERR_DATASET where the request has no order; ERR_FHIR_UPSTREAM where the tester's own
 * FHIR server cannot be read.
 */
export async function runConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const order = orderOf(options.hookRequest);
  const tokens = options.client ? await clientTokens(options.client) : undefined;
  const sandbox = options.fhirTarget === undefined ? await startSandbox({ resources: options.resources }) : undefined;
  const opened: { close(): Promise<void> }[] = sandbox ? [sandbox] : [];
  try {
    const fhir = await startWatchedFhir({
      target: (options.fhirTarget ?? sandbox?.baseUrl ?? '').replace(/\/+$/, ''),
      port: options.fhirPort ?? 0,
      ...(options.fhirAddress !== undefined && { address: options.fhirAddress }),
    });
    opened.push(fhir);
    const elsewhere = await startElsewhere();
    opened.push(elsewhere);
    return await askAll(options, { order, tokens, fhir, elsewhere });
  } finally {
    await Promise.all(opened.map((server) => server.close()));
  }
}

interface Bench {
  readonly order: OrderUnderTest;
  readonly tokens: ClientTokens | undefined;
  readonly fhir: WatchedFhir;
  readonly elsewhere: Elsewhere;
}

async function askAll(options: ConformanceOptions, bench: Bench): Promise<ConformanceReport> {
  const base = options.serviceUrl.replace(/\/+$/, '');
  const { tokens, fhir, order } = bench;
  const client = createProbeClient({
    base,
    fhir,
    signToken: tokens && ((url) => tokens.sign(url)),
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  });
  const discovery = await client.send({ label: 'discovery', kind: 'discovery', method: 'GET', path: '/cds-services' });
  if (discovery.status === 0) {
    throw new ServiceError('ERR_CONFIG', { detail: `nothing answers at ${base}: ${discovery.trouble ?? 'no answer'}` });
  }
  const service = findService(discovery, options.serviceId);
  const id = service.kind === 'found' ? service.id : undefined;
  const probe = createProbe({
    ...bench,
    client,
    discovery,
    serviceId: id ?? '',
    templates: await templatesOf(discovery.body, id, order, fhir),
    canReachFhir: options.fhirAddress !== undefined || isLoopbackUrl(base),
    origin: options.origin,
    accessToken: `conformance-${randomUUID()}`,
  });
  const why = service.kind === 'none' ? service.message : undefined;
  const results = await askRules(rulesFor(options.only), probe, why, options.onProgress);
  const message = why ?? (await refusal(probe, why));
  return {
    service: { url: base, ...(id !== undefined && { id }) },
    ...(message !== undefined && { message }),
    results,
    totals: totalsOf(results),
  };
}

async function askRules(
  rules: readonly Rule[],
  probe: Probe,
  noService: string | undefined,
  onProgress: ConformanceOptions['onProgress'],
): Promise<readonly RuleResult[]> {
  const found = new Map<string, RuleResult>();
  // What all others were answered is looked at last.
  const ordered = [...rules.filter(({ isReview }) => isReview !== true), ...rules.filter(({ isReview }) => isReview)];
  for (const [at, rule] of ordered.entries()) {
    onProgress?.(at, ordered.length, rule.title);
    const missing = await missingNeed(rule.needs, probe, noService);
    const { outcome, evidence } = missing ?? (await rule.check(probe));
    const { id, section, requirements, level, source, title } = rule;
    const isBreach = outcome === 'fail' && level !== 'MUST';
    found.set(id, {
      ...{ id, section, requirements, level, source, title },
      outcome: isBreach ? 'warn' : outcome,
      evidence,
    });
  }
  return rules.flatMap(({ id }) => found.get(id) ?? []);
}

/** Why a rule cannot be asked; undefined where it can. */
async function missingNeed(need: Need, probe: Probe, noService: string | undefined): Promise<Finding | undefined> {
  if (need === 'discovery') return undefined;
  if (noService !== undefined) return notApplicable(noService);
  if (need === 'service') return undefined;
  const refused = await refusal(probe, noService);
  if (refused !== undefined) return notApplicable(refused, await probe.standard());
  switch (need) {
    case 'call':
      return undefined;
    case 'fhir':
      return noFhir(probe);
    case 'templates':
      return noTemplates(probe);
    case 'templates-and-fhir':
      return noTemplates(probe) ?? noFhir(probe);
    case 'feedback': {
      const answer = await probe.firstFeedback();
      return isFeedbackOffered(answer)
        ? undefined
        : notApplicable(`the service takes no feedback: HTTP ${answer.status}`, answer);
    }
    case 'jwt': {
      const call = await probe.anonymous();
      if (call.status === 200) return notApplicable('the service answers without a token (rule authentication)', call);
      return probe.tokens ? undefined : notApplicable('no key was given: --key and --issuer', call);
    }
  }
}

function noFhir({ canReachFhir }: Probe): Finding | undefined {
  if (canReachFhir) return undefined;
  return notApplicable(
    "the service is on another machine and cannot reach the suite's FHIR server: --fhir-port and --fhir-address",
  );
}

function noTemplates({ templates }: Probe): Finding | undefined {
  return templates.length > 0 ? undefined : notApplicable('the service publishes no prefetch that could be filled');
}

/** Why the standard call is of no use; undefined where it is answered. */
async function refusal(probe: Probe, noService: string | undefined): Promise<string | undefined> {
  if (noService !== undefined) return undefined;
  const { status, trouble } = await probe.standard();
  if (status === 200) return undefined;
  if (status !== 401 && status !== 403) {
    return `an order-sign call with everything is not answered 200 but ${status === 0 ? (trouble ?? 'not at all') : `HTTP ${status}`}`;
  }
  return probe.tokens
    ? `the service refuses the token of ${probe.tokens.issuer} (HTTP ${status}): are issuer, key and kid registered there?`
    : `the service wants a client token (HTTP ${status}): give --key and --issuer`;
}

/** The rules that look at any of these requirements, or have one of these ids; all where none is given. */
export function rulesFor(only: readonly string[] | undefined): readonly Rule[] {
  if (only === undefined) return ALL_RULES;
  return ALL_RULES.filter(
    ({ id, requirements }) => only.includes(id) || requirements.some((one) => only.includes(one)),
  );
}

async function templatesOf(
  document: unknown,
  id: string | undefined,
  { context }: OrderUnderTest,
  fhir: WatchedFhir,
): Promise<readonly FilledTemplate[]> {
  const entry = servicesIn(document).find((service) => textMember(service, 'id') === id);
  const prefetch = id === undefined ? undefined : member(entry, 'prefetch');
  if (!isObject(prefetch)) return [];
  const texts = Object.entries(prefetch).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  const encounterId = textMember(context, 'encounterId');
  const { userId, patientId } = context;
  try {
    return await fillTemplates(
      new Map(texts),
      { userId, patientId, ...(encounterId !== undefined && { encounterId }) },
      fhir.localUrl,
    );
  } catch (cause) {
    throw new ServiceError('ERR_FHIR_UPSTREAM', {
      detail: 'the FHIR server that prefetch is read from does not answer in JSON',
      cause,
    });
  }
}

function orderOf(hookRequest: unknown): OrderUnderTest {
  const context = member(hookRequest, 'context');
  const patientId = textMember(context, 'patientId');
  const userId = textMember(context, 'userId') ?? 'Practitioner/conformance-suite';
  const entries = member(member(context, 'draftOrders'), 'entry');
  if (!isObject(context) || patientId === undefined || !Array.isArray(entries) || entries.length === 0) {
    throw new ServiceError('ERR_DATASET', {
      detail: 'the request has no context with patientId and draftOrders: it must be an order-sign call',
    });
  }
  const prefetch = member(hookRequest, 'prefetch');
  return { context: { ...context, patientId, userId }, prefetch: isObject(prefetch) ? { ...prefetch } : {} };
}
