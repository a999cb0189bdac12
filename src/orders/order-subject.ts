import { ServiceError } from '../errors/service-error.js';
import { resolveInBundle, typeAndId, type DraftBundle, type DraftOrder } from './draft-order.js';
import { objectAt, textAt } from './loose-json.js';

/**
 * Refuses an order that names another patient than the hook's context.
 * An order without a literal subject reference is accepted: it is about the context patient by the hook's definition.
 * Throws ERR_REQUEST_INVALID naming the element, without either id.
 */
export function assertSubjectIsContextPatient(order: DraftOrder, bundle: DraftBundle, patientId: string): void {
  const subject = objectAt(order.resource, 'subject');
  const reference = subject && textAt(subject, 'reference');
  if (reference === undefined) return;
  const wanted = patientId.replace(/^Patient\//, '');
  const named = typeAndId(reference);
  if (named.type === 'Patient' && named.id === wanted) return;

  const resolved = resolveInBundle(reference, order, bundle);
  if (resolved && textAt(resolved, 'resourceType') === 'Patient' && textAt(resolved, 'id') === wanted) return;
  throw new ServiceError('ERR_REQUEST_INVALID', {
    detail: 'the subject of a draft order is not the patient of the hook context',
    expression: `${order.path}.subject.reference`,
  });
}
