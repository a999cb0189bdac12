import { discoveredService, type DiscoveredService } from '../../sandbox/ehr-client.js';
import { isObject, member, textMember } from '../../sandbox/resource-json.js';
import { oneLine } from '../fhir-server/outcome-words.js';
import { getDiscovery, type CdsAnswer, type CdsConnection, type NoAnswer } from './cds-connection.js';

/** The order-sign service that will be called. */
export interface FoundService extends DiscoveredService {
  readonly kind: 'service';
  /** Its entry in the discovery page, as it came. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Ids of further order-sign services there. */
  readonly others: readonly string[];
}

export interface NoService {
  readonly kind: 'no-service';
  readonly reason: 'no-answer' | 'refused' | 'html' | 'not-discovery' | 'no-order-sign' | 'unknown-id';
  /** What was found and what to do. */
  readonly says: string;
}

const GIVE_BASE = 'Give the base with --service, the address that /cds-services comes after.';

/**
 * The order-sign service of a discovery page: the one the address names, else the first.
 * Throws only the abort reason of the connection's signal.
 * @see requirements 5–7
 */
export async function findOrderSign(connection: CdsConnection): Promise<FoundService | NoService> {
  const answer = await getDiscovery(connection);
  if (answer.kind === 'no-answer') return noAnswer(answer);
  if (answer.status !== 200) return refused(answer);
  const { response, htmlTitle, url } = answer;
  if (htmlTitle !== undefined) {
    const title = htmlTitle === '' ? '' : ` ("${htmlTitle}")`;
    return none('html', `${url} answers with an HTML page${title}, not with a discovery page. ${GIVE_BASE}`);
  }
  const services = member(response, 'services');
  if (!Array.isArray(services)) {
    const what = response === undefined ? 'something that is not JSON' : 'JSON without a list of services';
    return none('not-discovery', `${url} answers with ${what}. ${GIVE_BASE}`);
  }
  return chosen(connection, services, url);
}

function chosen({ serviceId }: CdsConnection, services: readonly unknown[], url: string): FoundService | NoService {
  const found = services.flatMap((entry): Omit<FoundService, 'others'>[] => {
    const service = textMember(entry, 'hook') === 'order-sign' ? discoveredService(entry) : undefined;
    return service && isObject(entry) ? [{ kind: 'service', ...service, entry: { ...entry } }] : [];
  });
  const ids = found.map(({ id }) => id);
  const service = serviceId === undefined ? found[0] : found.find(({ id }) => id === serviceId);
  if (service) return { ...service, others: ids.filter((id) => id !== service.id) };
  if (ids.length > 0 && serviceId !== undefined) {
    return none(
      'unknown-id',
      `${url} names no order-sign service ${oneLine(serviceId)}; it names ${ids.map(oneLine).join(', ')}. Give one of these after /cds-services/.`,
    );
  }
  const hooks = services.map((entry) => oneLine(textMember(entry, 'hook') ?? 'an entry without a hook'));
  const instead = hooks.length === 0 ? 'no services at all' : `only ${[...new Set(hooks)].join(', ')}`;
  return none(
    'no-order-sign',
    `${url} offers ${instead}: no service for the hook order-sign. Is it the right service, and is the service configured?`,
  );
}

function noAnswer({ says }: NoAnswer): NoService {
  return none('no-answer', says);
}

function refused({ status, url }: CdsAnswer): NoService {
  if (status === 401 || status === 403)
    return none(
      'refused',
      `${url} answers ${status}: discovery needs a client token. Sign with --sign --key FILE --issuer URL.`,
    );
  if (status === 404) return none('refused', `${url} answers 404: there is no discovery page. ${GIVE_BASE}`);
  if (status >= 300 && status < 400)
    return none(
      'refused',
      `${url} answers with a redirect (${status}), which is not followed. Give the address it leads to.`,
    );
  return none(
    'refused',
    `${url} answers ${status}. ${status >= 500 ? 'The log of the service has the reason.' : GIVE_BASE}`,
  );
}

function none(reason: NoService['reason'], says: string): NoService {
  return { kind: 'no-service', reason, says };
}
