import { randomUUID } from 'node:crypto';
import { isObject, member, textMember } from '../../sandbox/resource-json.js';
import type { ClientTokens } from './client-tokens.js';
import type { Elsewhere } from './elsewhere.js';
import type { Exchange } from './exchange.js';
import type { FilledTemplate } from './filled-templates.js';
import { hookCall, ordersIn, type CallParts, type CallVariant, type OrderUnderTest } from './hook-call.js';
import type { ProbeClient, Sending } from './probe-client.js';
import type { WatchedFhir } from './watched-fhir.js';

/** What the rules ask a service with. Each call is made anew, the named ones once. */
export interface Probe {
  readonly base: string;
  /** Web origin whose pages may call the service; undefined where the tester named none. */
  readonly origin: string | undefined;
  readonly discovery: Exchange;
  /** Path of the order-sign service below the base. */
  readonly servicePath: string;
  /** Entries of the discovery document. */
  readonly services: readonly unknown[];
  /** The entry of the service under test, where discovery has one. */
  readonly entry: unknown;
  readonly order: OrderUnderTest;
  readonly templates: readonly FilledTemplate[];
  readonly fhir: WatchedFhir;
  readonly canReachFhir: boolean;
  readonly elsewhere: Elsewhere;
  readonly tokens: ClientTokens | undefined;
  /** For the suite's FHIR server; known to nobody else. */
  readonly accessToken: string;
  /** Everything sent so far. */
  readonly exchanges: readonly Exchange[];
  send(sending: Sending): Promise<Exchange>;
  /** Calls the service. */
  call(variant: CallVariant, sending?: Partial<Sending>): Promise<Exchange>;
  /** Prefetch, FHIR server, tokens: all that an EHR can give. */
  standard(): Promise<Exchange>;
  /** The same once more: a service may well not repeat a card within some hours. */
  again(): Promise<Exchange>;
  /** The standard call without a client token. */
  anonymous(): Promise<Exchange>;
  /** Nothing prefetched: the service has to read the chart itself. */
  fhirOnly(): Promise<Exchange>;
  sendFeedback(label: string, items: readonly unknown[], sending?: Partial<Sending>): Promise<Exchange>;
  /** One item for a card that the service sent, if it sent any. */
  firstFeedback(): Promise<Exchange>;
}

export interface ProbeParts extends Omit<CallParts, 'fhirServer'> {
  readonly client: ProbeClient;
  readonly origin: string | undefined;
  readonly discovery: Exchange;
  readonly serviceId: string;
  readonly fhir: WatchedFhir;
  readonly canReachFhir: boolean;
  readonly elsewhere: Elsewhere;
  readonly tokens: ClientTokens | undefined;
}

export function createProbe(parts: ProbeParts): Probe {
  const { client, discovery, serviceId, fhir, canReachFhir } = parts;
  const servicePath = `/cds-services/${encodeURIComponent(serviceId)}`;
  const services = servicesIn(discovery.body);
  const callParts: CallParts = { ...parts, fhirServer: canReachFhir ? fhir.baseUrl : undefined };
  const call: Probe['call'] = (variant, sending = {}) => {
    const body = hookCall(callParts, variant);
    const { label, change } = variant;
    return client.send({
      label,
      kind: 'call',
      method: 'POST',
      path: servicePath,
      body: change ? change(body) : body,
      ...sending,
    });
  };
  const sendFeedback: Probe['sendFeedback'] = (label, items, sending = {}) =>
    client.send({
      label,
      kind: 'feedback',
      method: 'POST',
      path: `${servicePath}/feedback`,
      body: { feedback: items },
      ...sending,
    });
  const standard = once(() => call({ label: 'order-sign, everything given' }));
  return {
    ...parts,
    base: client.base,
    servicePath,
    services,
    entry: services.find((service) => textMember(service, 'id') === serviceId),
    exchanges: client.exchanges,
    send: (sending) => client.send(sending),
    call,
    standard,
    again: once(async () => {
      await standard();
      return call({ label: 'order-sign, the same again' });
    }),
    anonymous: once(() => call({ label: 'order-sign without a client token' }, { token: 'none' })),
    fhirOnly: once(() => call({ label: 'order-sign, nothing prefetched', prefetch: 'none' })),
    sendFeedback,
    firstFeedback: once(async () => {
      const card = cardsIn((await standard()).body).map((one) => textMember(one, 'uuid'))[0];
      return sendFeedback('feedback, one card overridden', [overridden(card ?? randomUUID())]);
    }),
  };
}

/** The services of a discovery document; none where it is not one. */
export function servicesIn(document: unknown): readonly unknown[] {
  const services = member(document, 'services');
  return Array.isArray(services) ? services : [];
}

/** The cards of a response that are objects; none where it has no list of cards. */
export function cardsIn(response: unknown): readonly object[] {
  const cards = member(response, 'cards');
  return Array.isArray(cards) ? cards.filter(isObject) : [];
}

/** The first order being signed. */
export function firstOrder({ order }: Probe): Readonly<Record<string, unknown>> {
  return ordersIn(order.context)[0] ?? {};
}

/** A feedback item that keeps invariants cds-fb-1 to cds-fb-3. */
export function overridden(card: string, reason: object = { userComment: 'Conformance test' }): object {
  return { card, outcome: 'overridden', overrideReason: reason, outcomeTimestamp: new Date().toISOString() };
}

/** The same for a suggestion that was taken. */
export function accepted(card: string, suggestion: string): object {
  return {
    card,
    outcome: 'accepted',
    acceptedSuggestions: [{ id: suggestion }],
    outcomeTimestamp: new Date().toISOString(),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
