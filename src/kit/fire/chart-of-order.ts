import { instantMs } from '../../record/fhir-time.js';
import { member, textMember, valuesAt } from '../../sandbox/resource-json.js';
import { fhirRequest } from '../fhir-server/fhir-request.js';
import type { FhirServerAccess } from '../fhir-server/fhir-server-access.js';
import { inspectFhirServer } from '../fhir-server/inspect-fhir-server.js';
import { oneLine } from '../fhir-server/outcome-words.js';
import { whatToDo } from '../fhir-server/server-problem.js';

export type PatientOnServer =
  | { readonly kind: 'found' }
  /** `says`: what was found and what to do. */
  | { readonly kind: 'missing'; readonly says: string }
  | { readonly kind: 'unreadable'; readonly says: string };

/** Is the patient on the FHIR server? Throws only the abort reason of `access.signal`. */
export async function findPatient(access: FhirServerAccess, patientId: string): Promise<PatientOnServer> {
  const at = `The FHIR server at ${access.baseUrl}`;
  const path = `Patient/${encodeURIComponent(patientId)}`;
  const answer = await fhirRequest(access, { method: 'GET', path, isFirstContact: true });
  if (answer.kind !== 'answer') return { kind: 'unreadable', says: `${at}: ${whatToDo(answer)}` };
  if (answer.status === 200 && textMember(answer.json, 'resourceType') === 'Patient') return { kind: 'found' };
  const isOutcome = textMember(answer.json, 'resourceType') === 'OperationOutcome';
  if ((answer.status === 404 && isOutcome) || answer.status === 410) {
    const what = answer.status === 410 ? 'has been deleted from it (410)' : 'is not on it (404)';
    return {
      kind: 'missing',
      says: `${at} answers, but Patient/${oneLine(patientId)} ${what}. Check the id (GET ${access.baseUrl}/Patient lists some), or load patients with \`hemolens kit load --fhir ${access.baseUrl}\`.`,
    };
  }
  // Whatever answered so may be no FHIR server, or one of another version: that is the better thing to say.
  const found = await inspectFhirServer(access);
  if (found.kind !== 'fhir-r4') return { kind: 'unreadable', says: `${at}: ${whatToDo(found)}` };
  const saying = answer.said === undefined ? '' : `, saying "${answer.said}"`;
  return {
    kind: 'unreadable',
    says: `${at} answers ${answer.status} when Patient/${oneLine(patientId)} is read${saying}.`,
  };
}

export interface EncounterOnServer {
  readonly encounterId?: string;
  /** How it was found, or why there is none. */
  readonly says: string;
}

/**
 * The patient's encounter in progress; of several the one that began last (a stay on a ward within a hospital stay, mostly).
 * Throws only the abort reason of `access.signal`.
 */
export async function findEncounter(access: FhirServerAccess, patientId: string): Promise<EncounterOnServer> {
  const path = `Encounter?patient=${encodeURIComponent(patientId)}&status=in-progress&_sort=-date&_count=20`;
  const answer = await fhirRequest(access, { method: 'GET', path });
  if (answer.kind !== 'answer' || answer.status !== 200) {
    const what = answer.kind === 'answer' ? `${answer.status}` : answer.kind;
    return {
      says: `none: the search for one in progress failed (${what}); give --encounter ID if the service needs it`,
    };
  }
  const open = valuesAt(answer.json, 'entry.resource')
    .filter((resource) => textMember(resource, 'resourceType') === 'Encounter')
    .flatMap((resource) => {
      const id = textMember(resource, 'id');
      const start = textMember(member(resource, 'period'), 'start');
      return id === undefined ? [] : [{ id, start, startMs: instantMs(start) ?? -Infinity }];
    })
    .sort((a, b) => b.startMs - a.startMs);
  const [newest] = open;
  if (!newest) return { says: 'none: the FHIR server has no encounter in progress for this patient' };
  const since = newest.start === undefined ? '' : ` since ${oneLine(newest.start)}`;
  const many = open.length === 1 ? '' : `, the one of ${open.length} that began last`;
  return { encounterId: newest.id, says: `${newest.id}, found on the FHIR server: in progress${since}${many}` };
}
