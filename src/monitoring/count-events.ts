import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { ERROR_CODES } from '../errors/error-codes.js';
import { EVENTS, type EventName } from '../logging/events.js';
import { labelOf, labelOfNames, statusLabel } from './metric-labels.js';
import {
  ASSESSMENT_OUTCOMES,
  DISPLAY_DECISIONS,
  FEEDBACK_OUTCOMES,
  FHIR_OUTCOMES,
  FHIR_SOURCES,
  METHODS,
  ROUTES,
  STORE_TARGETS,
  TIERS,
} from './vocabularies.js';

type Fields = Readonly<Record<string, unknown>>;
type Reader = (fields: Fields) => void;

/** Enough for the clients of one hospital's service. */
const MAX_CLIENTS = 200;
const MAX_MODELS = 20;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 5, 10];
const STAGES = ['assemble', 'features', 'predict', 'explain', 'total'] as const;
const PROTECTIVE = new Set([401, 413, 429, 503]);

/** Counts log lines in instruments of a registry: one reader for each event that says something worth a figure. */
export function createCounting(registry: Registry, overrideReasonCodes: readonly string[]): (line: Fields) => void {
  const registers = [registry];
  const events = new Counter({
    name: 'hemolens_events_total',
    help: 'Log events, those not written for their level too.',
    labelNames: ['event'],
    registers,
  });
  const { fault, refusal } = errorAnswers(registers);
  const [readModel, readSpool] = [model(registers), spool(registers)];
  const readers: Readonly<Record<string, readonly Reader[]>> = {
    'http.request': [requests(registers)],
    'http.fault': [fault],
    'http.refused': [refusal],
    'assessment.decided': [assessments(registers)],
    'assessment.answered': [stages(registers)],
    'fhir.call': [fhirCalls(registers)],
    'feedback.item': [feedback(registers, overrideReasonCodes)],
    'store.written': [storeWrites(registers)],
    'store.spool': [readSpool],
    'store.opened': [readSpool],
    'store.spooled': [readSpool],
    'store.up': [readSpool],
    'model.verified': [readModel],
    'model.replaced': [readModel],
  };
  return (line) => {
    const { event } = line;
    if (!isEventName(event)) return;
    events.inc({ event });
    for (const read of readers[event] ?? []) read(line);
  };
}

function isEventName(event: unknown): event is EventName {
  return typeof event === 'string' && Object.hasOwn(EVENTS, event);
}

function requests(registers: Registry[]): Reader {
  const [route, method, client] = [labelOf(ROUTES), labelOf(METHODS), labelOfNames(MAX_CLIENTS)];
  const total = new Counter({
    name: 'hemolens_http_requests_total',
    help: 'HTTP requests by route, method and status (0: the caller had gone).',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'hemolens_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer.',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  });
  const calls = new Counter({
    name: 'hemolens_calls_total',
    help: 'Hook calls by client (none: not authenticated) and what became of them.',
    labelNames: ['client', 'outcome'],
    registers,
  });
  return (fields) => {
    total.inc({
      route: route(fields['route']),
      method: method(fields['method']),
      status: statusLabel(fields['status']),
    });
    observe(durations, { route: route(fields['route']) }, fields['durationMs']);
    if (fields['route'] === 'service' && fields['method'] === 'POST') {
      calls.inc({ client: client(fields['client']), outcome: callOutcome(fields['status']) });
    }
  };
}

function callOutcome(status: unknown): string {
  if (typeof status !== 'number' || status < 200) return 'cut';
  if (status < 300) return 'answered';
  if (status === 412) return 'no-chart';
  return status < 500 ? 'refused' : 'failed';
}

/** Answers of status 400 and above: the caller's doing, ours, and those that protect the service, which can be either. */
function errorAnswers(registers: Registry[]): { readonly fault: Reader; readonly refusal: Reader } {
  const code = labelOf(Object.keys(ERROR_CODES));
  const faults = new Counter({
    name: 'hemolens_faults_total',
    help: 'Answers of status 500 and above, by fault code.',
    labelNames: ['code'],
    registers,
  });
  const refusals = new Counter({
    name: 'hemolens_refusals_total',
    help: 'Answers of status 400 to 499, by fault code.',
    labelNames: ['code'],
    registers,
  });
  const protective = new Counter({
    name: 'hemolens_protective_refusals_total',
    help: 'Calls turned away: not authenticated (401), too large (413), too many (429), overloaded (503).',
    labelNames: ['status'],
    registers,
  });
  const reader =
    (counter: Counter<'code'>): Reader =>
    (fields) => {
      const { status } = fields;
      counter.inc({ code: code(fields['code']) });
      if (typeof status === 'number' && PROTECTIVE.has(status)) protective.inc({ status: String(status) });
    };
  return { fault: reader(faults), refusal: reader(refusals) };
}

function assessments(registers: Registry[]): Reader {
  const [outcome, tier, display, client] = [
    labelOf(ASSESSMENT_OUTCOMES),
    labelOf(TIERS),
    labelOf(DISPLAY_DECISIONS),
    labelOfNames(MAX_CLIENTS),
  ];
  const total = new Counter({
    name: 'hemolens_assessments_total',
    help: 'Assessed orders by outcome and tier (none: not scored).',
    labelNames: ['outcome', 'tier'],
    registers,
  });
  const cards = new Counter({
    name: 'hemolens_cards_total',
    help: 'Cards that were sent, by tier (none: not scored).',
    labelNames: ['tier'],
    registers,
  });
  const displayed = new Counter({
    name: 'hemolens_display_decisions_total',
    help: 'Whether an assessed order got a card, and why not.',
    labelNames: ['client', 'decision'],
    registers,
  });
  return (fields) => {
    total.inc({ outcome: outcome(fields['outcome']), tier: tier(fields['tier']) });
    const sent = fields['cards'];
    if (typeof sent === 'number') cards.inc({ tier: tier(fields['tier']) }, sent);
    displayed.inc({ client: client(fields['client']), decision: display(fields['display']) });
  };
}

function stages(registers: Registry[]): Reader {
  const durations = new Histogram({
    name: 'hemolens_stage_duration_seconds',
    help: 'Time of each stage of an assessment: assembling the chart, features, prediction, explanation, all with the store.',
    labelNames: ['stage'],
    buckets: SECONDS,
    registers,
  });
  return (fields) => {
    for (const stage of STAGES) observe(durations, { stage }, fields[`${stage}Ms`]);
  };
}

function fhirCalls(registers: Registry[]): Reader {
  const [source, outcome] = [labelOf(FHIR_SOURCES), labelOf(FHIR_OUTCOMES)];
  const total = new Counter({
    name: 'hemolens_fhir_calls_total',
    help: 'Calls to FHIR servers by prefetch key and outcome.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'hemolens_fhir_call_duration_seconds',
    help: 'Time of one call to a FHIR server.',
    labelNames: ['outcome'],
    buckets: SECONDS,
    registers,
  });
  return (fields) => {
    const labels = { outcome: outcome(fields['outcome']) };
    total.inc({ source: source(fields['source']), ...labels });
    observe(durations, labels, fields['durationMs']);
  };
}

function feedback(registers: Registry[], overrideReasonCodes: readonly string[]): Reader {
  const [outcome, reason] = [labelOf(FEEDBACK_OUTCOMES), labelOf(overrideReasonCodes)];
  const total = new Counter({
    name: 'hemolens_feedback_total',
    help: 'Feedback items by outcome and override reason (other: a code this service does not offer). Ignored cards give none.',
    labelNames: ['outcome', 'reason'],
    registers,
  });
  return (fields) => {
    total.inc({ outcome: outcome(fields['outcome']), reason: reason(fields['reason']) });
  };
}

function storeWrites(registers: Registry[]): Reader {
  const target = labelOf(STORE_TARGETS);
  const total = new Counter({
    name: 'hemolens_store_writes_total',
    help: 'Answered calls that were kept, by where (failed: nowhere).',
    labelNames: ['target'],
    registers,
  });
  const durations = new Histogram({
    name: 'hemolens_store_write_duration_seconds',
    help: 'Time of one write to the store.',
    labelNames: ['target'],
    buckets: SECONDS,
    registers,
  });
  return (fields) => {
    const labels = { target: target(fields['target']) };
    total.inc(labels);
    observe(durations, labels, fields['durationMs']);
  };
}

function spool(registers: Registry[]): Reader {
  const depth = new Gauge({
    name: 'hemolens_store_spool_depth',
    help: 'Answered calls in the local spool that the store does not have yet.',
    registers,
  });
  return (fields) => {
    const value = fields['depth'] ?? fields['waiting'];
    if (typeof value === 'number') depth.set(value);
  };
}

function model(registers: Registry[]): Reader {
  const [id, version] = [labelOfNames(MAX_MODELS), labelOfNames(MAX_MODELS)];
  const info = new Gauge({
    name: 'hemolens_model_info',
    help: '1 for the model bundle that was verified last.',
    labelNames: ['id', 'version', 'sha256'],
    registers,
  });
  return (fields) => {
    const { sha256 } = fields;
    info.reset();
    info.set(
      {
        id: id(fields['id']),
        version: version(fields['version']),
        sha256: typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : 'unknown',
      },
      1,
    );
  };
}

function observe<L extends string>(histogram: Histogram<L>, labels: Partial<Record<L, string>>, ms: unknown): void {
  if (typeof ms === 'number') histogram.observe(labels, ms / 1000);
}
