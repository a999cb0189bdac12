/**
 * What may be logged: every event with its level and its fields. Nothing else reaches a log line, and no field can hold a
 * sentence from a chart, a request or an error message.
 *
 * - `number`, `boolean`: finite numbers, yes or no
 * - `token`: at most 100 characters of `A-Z a-z 0-9 . _ : / @ + -`, for codes, identifiers and types
 * - `counts`: numbers by token
 * - `text`: our own words or a file's name; only for what happens while starting or loading a model
 */
export type FieldKind = 'number' | 'boolean' | 'token' | 'counts' | 'text';
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

interface EventDefinition {
  readonly level: LogLevel;
  readonly fields: Readonly<Record<string, FieldKind>>;
}

/** Who asked: the id of the HTTP request and the client's id of the hook call. */
const call = { requestId: 'token', hookInstance: 'token' } as const;

export const EVENTS = {
  'service.starting': { level: 'info', fields: { version: 'token', mode: 'token' } },
  'service.listening': { level: 'info', fields: { host: 'token', port: 'number', services: 'number' } },
  'service.stopping': { level: 'info', fields: {} },
  'service.stopped': { level: 'info', fields: { cut: 'boolean', durationMs: 'number' } },
  'service.refused': { level: 'error', fields: { code: 'token', detail: 'text' } },
  'client.refused': {
    level: 'warn',
    fields: { requestId: 'token', reason: 'token', client: 'token', tenant: 'token', jtiHash: 'token' },
  },
  'client.keys-fetched': { level: 'info', fields: { client: 'token', keys: 'number', durationMs: 'number' } },
  'client.keys-unavailable': {
    level: 'warn',
    fields: { client: 'token', reason: 'token', status: 'number', kept: 'boolean', durationMs: 'number' },
  },
  'process.crashed': { level: 'error', fields: { kind: 'token', name: 'token', causes: 'token', at: 'token' } },
  'client.not-verified': { level: 'warn', fields: { detail: 'text' } },
  'store.not-durable': { level: 'warn', fields: { detail: 'text', capacity: 'number' } },
  'store.opened': {
    level: 'info',
    fields: { engine: 'token', schema: 'number', migrated: 'number', waiting: 'number', durationMs: 'number' },
  },
  'store.down': { level: 'warn', fields: { engine: 'token', state: 'token', name: 'token', spools: 'boolean' } },
  'store.connection-lost': { level: 'debug', fields: {} },
  'store.up': { level: 'info', fields: { engine: 'token', downMs: 'number', waiting: 'number' } },
  'store.spooled': { level: 'warn', fields: { ...call, kind: 'token', waiting: 'number' } },
  'store.spool-damaged': { level: 'error', fields: { lines: 'number', bytes: 'number' } },
  'store.row-refused': { level: 'error', fields: { kind: 'token', state: 'token' } },
  'store.last-known': { level: 'warn', fields: { what: 'token' } },
  'store.purged': {
    level: 'info',
    fields: { assessments: 'number', feedback: 'number', tokens: 'number', identities: 'number' },
  },
  'clock.replay': { level: 'warn', fields: { detail: 'text' } },
  'network.open': { level: 'warn', fields: { detail: 'text', host: 'token' } },
  'model.verified': {
    level: 'info',
    fields: {
      id: 'token',
      version: 'token',
      sha256: 'token',
      columns: 'number',
      noteEncoder: 'token',
      durationMs: 'number',
    },
  },
  'model.replaced': { level: 'warn', fields: { id: 'token', version: 'token', sha256: 'token' } },
  'model.refused': { level: 'error', fields: { code: 'token', detail: 'text' } },
  'orders.table-loaded': { level: 'info', fields: { codes: 'number', overlay: 'boolean' } },
  'http.request': {
    level: 'info',
    fields: {
      ...call,
      method: 'token',
      route: 'token',
      client: 'token',
      status: 'number',
      durationMs: 'number',
      requestBytes: 'number',
      traceId: 'token',
    },
  },
  'http.fault': {
    level: 'error',
    fields: { ...call, status: 'number', code: 'token', name: 'token', causes: 'token', at: 'token', detail: 'text' },
  },
  'http.overloaded': { level: 'warn', fields: { refused: 'number', inHand: 'number', loopDelayMs: 'number' } },
  'http.connection-refused': { level: 'info', fields: { reason: 'token', count: 'number' } },
  'tls.loaded': { level: 'info', fields: { clientCertificates: 'boolean' } },
  'tls.not-reloaded': { level: 'error', fields: { code: 'token' } },
  'feedback.received': {
    level: 'info',
    fields: {
      requestId: 'token',
      items: 'number',
      kept: 'number',
      repeated: 'number',
      unknownCards: 'number',
      refused: 'number',
    },
  },
  'http.refused': { level: 'info', fields: { ...call, status: 'number', code: 'token' } },
  'orders.screened': { level: 'info', fields: { ...call, kind: 'token', orders: 'number', textOnly: 'number' } },
  'record.assembled': {
    level: 'info',
    fields: {
      ...call,
      durationMs: 'number',
      calls: 'number',
      pages: 'number',
      observations: 'number',
      administrations: 'number',
      notes: 'number',
      fromPrefetch: 'number',
      fromFhir: 'number',
      unavailable: 'number',
      foreignResources: 'number',
      flags: 'counts',
      rejected: 'counts',
    },
  },
  'fhir.call': {
    level: 'debug',
    fields: {
      ...call,
      source: 'token',
      purpose: 'token',
      resourceType: 'token',
      outcome: 'token',
      status: 'number',
      bytes: 'number',
      durationMs: 'number',
    },
  },
  'fhir.refused': { level: 'warn', fields: { ...call, reason: 'token', source: 'token' } },
  'feedback.item': { level: 'debug', fields: { ...call, client: 'token', outcome: 'token', reason: 'token' } },
  'store.written': { level: 'debug', fields: { ...call, target: 'token', durationMs: 'number' } },
  'store.spool': { level: 'debug', fields: { depth: 'number' } },
  // Without the ids of the call: a line that has them says nothing of the patient.
  'assessment.decided': {
    level: 'debug',
    fields: { client: 'token', outcome: 'token', tier: 'token', display: 'token', cards: 'number' },
  },
  'call.configured': {
    level: 'info',
    fields: { ...call, client: 'token', unknown: 'number', misfit: 'number', refused: 'number' },
  },
  'cooldown.unknown': { level: 'warn', fields: call },
  'assessment.switched-off': { level: 'warn', fields: { ...call, client: 'token', scope: 'token' } },
  'assessment.answered': {
    level: 'info',
    fields: {
      ...call,
      assessmentId: 'token',
      client: 'token',
      outcome: 'token',
      cards: 'number',
      display: 'token',
      durationMs: 'number',
      assembleMs: 'number',
      featuresMs: 'number',
      predictMs: 'number',
      explainMs: 'number',
      totalMs: 'number',
      modelId: 'token',
      modelVersion: 'token',
      notes: 'token',
      series: 'token',
      unavailable: 'number',
    },
  },
} as const satisfies Readonly<Record<string, EventDefinition>>;

export type EventName = keyof typeof EVENTS;

interface FieldTypes {
  readonly number: number;
  readonly boolean: boolean;
  readonly token: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly text: string;
}

/** The fields an event may carry, all optional. */
export type EventFields<E extends EventName> = {
  readonly [F in keyof (typeof EVENTS)[E]['fields']]?: (typeof EVENTS)[E]['fields'][F] extends FieldKind
    ? FieldTypes[(typeof EVENTS)[E]['fields'][F]] | undefined
    : never;
};
