import { randomUUID } from 'node:crypto';
import { isObject, member } from '../../sandbox/resource-json.js';
import type { FilledTemplate } from './filled-templates.js';

/** The order whose signing is told to the service. */
export interface OrderUnderTest {
  /** Context of the hook, as it will be sent. */
  readonly context: Readonly<Record<string, unknown>> & { readonly patientId: string; readonly userId: string };
  /** Prefetch of the tester's own request, for keys that the FHIR server does not fill. */
  readonly prefetch: Readonly<Record<string, unknown>>;
}

/** How one call differs from the standard one, which has the whole prefetch, a FHIR server and a token for it. */
export interface CallVariant {
  readonly label: string;
  /** Value of each key; undefined leaves the key out. Default: what the FHIR server answered. */
  readonly prefetch?: 'none' | ((filled: FilledTemplate) => unknown);
  /** `token`: server and token (default); `open`: server, no token; `none`: neither. */
  readonly access?: 'token' | 'open' | 'none';
  readonly scope?: string;
  readonly expiresInSeconds?: number;
  readonly orders?: readonly unknown[];
  /** The last word on the body. */
  readonly change?: (body: Readonly<Record<string, unknown>>) => unknown;
}

export interface CallParts {
  readonly order: OrderUnderTest;
  readonly templates: readonly FilledTemplate[];
  /** undefined: the service cannot reach it, so it is not told. */
  readonly fhirServer: string | undefined;
  readonly accessToken: string;
}

const LIFETIME_S = 300;
/** Everything, in the words of SMART 2. */
export const SCOPE_V2 = 'launch patient/*.rs user/*.rs';
/** The same in the words of SMART 1. */
export const SCOPE_V1 = 'launch patient/*.read user/*.read';

/** Body of an order-sign call. @see requirement 16 */
export function hookCall(
  { order, templates, fhirServer, accessToken }: CallParts,
  variant: CallVariant,
): Record<string, unknown> {
  const { access = 'token', scope = SCOPE_V2, expiresInSeconds = LIFETIME_S, orders } = variant;
  const prefetch = prefetchOf(order, templates, variant.prefetch);
  const { context } = order;
  return {
    hook: 'order-sign',
    hookInstance: randomUUID(),
    ...(fhirServer !== undefined && access !== 'none' && { fhirServer }),
    ...(fhirServer !== undefined &&
      access === 'token' && {
        fhirAuthorization: {
          access_token: accessToken,
          token_type: 'Bearer',
          expires_in: expiresInSeconds,
          scope,
          subject: 'conformance-suite',
          patient: context.patientId,
        },
      }),
    context: orders === undefined ? context : { ...context, draftOrders: bundleOf(orders) },
    ...(Object.keys(prefetch).length > 0 && { prefetch }),
  };
}

function prefetchOf(
  { prefetch: own }: OrderUnderTest,
  templates: readonly FilledTemplate[],
  choice: CallVariant['prefetch'],
): Record<string, unknown> {
  if (choice === 'none') return {};
  if (choice === undefined) {
    const found = templates.map(({ key, value }): [string, unknown] => [key, value ?? own[key] ?? value]);
    return Object.fromEntries([...Object.entries(own), ...found.filter(([, value]) => value !== undefined)]);
  }
  const chosen = templates.map((filled): [string, unknown] => [filled.key, choice(filled)]);
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined));
}

/** Draft orders as a Bundle. */
export function bundleOf(orders: readonly unknown[]): Record<string, unknown> {
  return { resourceType: 'Bundle', type: 'collection', entry: orders.map((resource) => ({ resource })) };
}

/** The orders in a context's draftOrders. */
export function ordersIn(context: unknown): readonly Readonly<Record<string, unknown>>[] {
  const entries = member(member(context, 'draftOrders'), 'entry');
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    const resource = member(entry, 'resource');
    return isObject(resource) ? [{ ...resource }] : [];
  });
}
