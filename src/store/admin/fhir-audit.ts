import { createHash } from 'node:crypto';
import { textOf, textsOf } from '../sql/row-values.js';
import type { SqlRow } from '../sql/sql.js';

const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
const AUDIT_EVENT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-event-type';
const OBJECT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const PARTICIPANT = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type';
const RESTFUL = { system: AUDIT_EVENT_TYPE, code: 'rest', display: 'RESTful Operation' };
const APPLICATION = { system: DICOM, code: '110100', display: 'Application Activity' };
const EXPORT = { system: DICOM, code: '110106', display: 'Export' };
const QUERY = { system: DICOM, code: '110112', display: 'Query' };
const SOURCE = { observer: { display: 'Hemolens' } };

/**
 * The answer to one hook call: who asked, about whom (pseudonyms), with what outcome.
 * @see https://hl7.org/fhir/R4/auditevent.html
 */
export function disclosureEventOf(row: SqlRow): object {
  const model = modelOf(row);
  return {
    resourceType: 'AuditEvent',
    id: fhirId(textOf(row, 'id')),
    type: RESTFUL,
    action: 'E',
    recorded: instant(textOf(row, 'answered_at')),
    outcome: '0',
    agent: [
      {
        altId: textOf(row, 'user_pseudonym'),
        who: { identifier: pseudonymIdentifier(row, 'user_pseudonym') },
        requestor: true,
      },
      { who: { identifier: clientIdentifier(row) }, requestor: false },
    ],
    source: SOURCE,
    entity: [
      {
        what: { identifier: pseudonymIdentifier(row, 'patient_pseudonym') },
        type: { system: OBJECT_TYPE, code: '1', display: 'Person' },
        role: { system: OBJECT_ROLE, code: '1', display: 'Patient' },
      },
      {
        what: { identifier: { system: 'urn:hemolens:assessment', value: textOf(row, 'id') } },
        type: { system: OBJECT_TYPE, code: '2', display: 'System Object' },
        detail: [
          { type: 'hookInstance', valueString: textOf(row, 'hook_instance') },
          { type: 'outcome', valueString: textOf(row, 'outcome_kind') },
          { type: 'display', valueString: optionalText(row, 'withheld_why') ?? textOf(row, 'display_kind') },
          ...(model === undefined ? [] : [{ type: 'model', valueString: model }]),
        ],
      },
    ],
  };
}

/** A read, an export, an erasure or another act on the store itself. */
export function auditEventOf(row: SqlRow): object {
  const action = textOf(row, 'action');
  const isExport = action === 'export' || action === 'backup';
  return {
    resourceType: 'AuditEvent',
    id: fhirId(textOf(row, 'id')),
    type: isExport ? EXPORT : action === 'read' ? QUERY : APPLICATION,
    subtype: [{ system: 'urn:hemolens:store-action', code: action }],
    action: action === 'purge' || action === 'erase-patient' ? 'D' : action === 'read' || isExport ? 'R' : 'E',
    recorded: instant(textOf(row, 'recorded_at')),
    outcome: '0',
    agent: [{ altId: textOf(row, 'agent'), requestor: true }],
    source: SOURCE,
    entity: [
      {
        type: { system: OBJECT_TYPE, code: '2', display: 'System Object' },
        detail: detailOf(row['detail']),
      },
    ].map(({ detail, ...entity }) => (detail.length === 0 ? entity : { ...entity, detail })),
  };
}

/**
 * What one assessment was made from: the model bundle and the parts of the chart that its drivers come from.
 * @see https://hl7.org/fhir/R4/provenance.html
 */
export function provenanceOf(row: SqlRow): object {
  const sha256 = optionalText(row, 'model_sha256');
  const orders = textsOf(row, 'order_references').map((reference) => ({
    role: 'source',
    what: { display: reference },
  }));
  const evidence = [...new Set(evidenceOf(row['explanation']))].map((reference) => ({
    role: 'source',
    what: { display: reference },
  }));
  const model =
    sha256 === undefined
      ? []
      : [
          {
            role: 'derivation',
            what: {
              identifier: { system: 'urn:hemolens:model-bundle-sha256', value: sha256 },
              display: modelOf(row) ?? 'model',
            },
          },
        ];
  return {
    resourceType: 'Provenance',
    id: fhirId(textOf(row, 'id')),
    target: [{ identifier: { system: 'urn:hemolens:assessment', value: textOf(row, 'id') } }],
    occurredDateTime: instant(textOf(row, 'prediction_time')),
    recorded: instant(textOf(row, 'answered_at')),
    agent: [
      {
        type: { coding: [{ system: PARTICIPANT, code: 'assembler', display: 'Assembler' }] },
        who: { display: 'Hemolens' },
      },
    ],
    entity: [...orders, ...evidence, ...model],
  };
}

function modelOf(row: SqlRow): string | undefined {
  const id = optionalText(row, 'model_id');
  return id === undefined ? undefined : `${id} ${optionalText(row, 'model_version') ?? ''}`.trim();
}

function pseudonymIdentifier(row: SqlRow, column: string): object {
  const { clientId, tenant } = { clientId: textOf(row, 'client_id'), tenant: textOf(row, 'tenant') };
  const scope = [clientId, tenant].filter((part) => part !== '').map(encodeURIComponent);
  return { system: `urn:hemolens:pseudonym:${scope.join(':')}`, value: textOf(row, column) };
}

function clientIdentifier(row: SqlRow): object {
  return { system: 'urn:hemolens:client', value: textOf(row, 'client_id') };
}

function detailOf(detail: unknown): readonly object[] {
  if (typeof detail !== 'object' || detail === null) return [];
  return Object.entries(detail).map(([type, value]) => ({ type, valueString: String(value) }));
}

function evidenceOf(explanation: unknown): readonly string[] {
  if (typeof explanation !== 'object' || explanation === null || !('drivers' in explanation)) return [];
  const { drivers } = explanation;
  if (!Array.isArray(drivers)) return [];
  return drivers.flatMap((driver: unknown) =>
    typeof driver === 'object' && driver !== null && 'evidence' in driver && typeof driver.evidence === 'string'
      ? [driver.evidence]
      : [],
  );
}

function optionalText(row: SqlRow, column: string): string | undefined {
  const value = row[column];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A FHIR id: at most 64 of letters, digits, `-` and `.`; an id of another shape is told by its hash. */
function fhirId(id: string): string {
  return /^[A-Za-z0-9.-]{1,64}$/.test(id) ? id : createHash('sha256').update(id).digest('hex');
}

/** PostgreSQL's JSON writes `+00:00` and microseconds; FHIR takes both, `Z` is shorter. */
function instant(time: string): string {
  return new Date(time).toISOString();
}
