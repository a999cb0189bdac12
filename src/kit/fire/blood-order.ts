import type { MedicationRequest, ServiceRequest } from 'fhir/r4.js';
import { classifyCoding, loadBloodProductTable, type OrderCoding } from '../../orders/blood-product-table.js';

export const FIRED_PRODUCTS = ['rbc', 'platelets', 'plasma', 'cryo'] as const;
export type FiredProduct = (typeof FIRED_PRODUCTS)[number];

export const ORDER_TYPES = ['ServiceRequest', 'MedicationRequest'] as const;
export type OrderType = (typeof ORDER_TYPES)[number];

const SNOMED_CT = 'http://snomed.info/sct';

/** The order code of each product: codes of the shipped table that were read in an HL7 or government artefact. */
const ORDER_CODES: Readonly<Record<FiredProduct, Required<OrderCoding>>> = {
  rbc: { system: SNOMED_CT, code: '116863004', display: 'Transfusion of red blood cells' },
  platelets: { system: SNOMED_CT, code: '180208003', display: 'Intravenous transfusion of platelets' },
  plasma: { system: SNOMED_CT, code: '116861002', display: 'Transfusion of fresh frozen plasma' },
  cryo: { system: SNOMED_CT, code: '116795008', display: 'Transfusion of cryoprecipitate' },
};

export interface WantedBloodOrder {
  readonly product: FiredProduct;
  readonly patientId: string;
  readonly encounterId?: string;
  /** `Practitioner/1` */
  readonly userId: string;
  /** Milliseconds since the epoch. */
  readonly authoredMs: number;
  /** Default 1. */
  readonly units?: number;
  /** A site's own code in place of the shipped one. */
  readonly orderCode?: OrderCoding;
  /** Default `ServiceRequest`. */
  readonly orderType?: OrderType;
}

export interface BloodOrderDraft {
  readonly order: ServiceRequest | MedicationRequest;
  readonly coding: OrderCoding;
  /** Set where the shipped table takes the code for something else than the product, or does not know it. */
  readonly doubt?: string;
}

/** A draft order for a blood product, as an EHR has it when it is signed. */
export function draftBloodOrder(wanted: WantedBloodOrder): BloodOrderDraft {
  const { product, orderCode, orderType = 'ServiceRequest' } = wanted;
  const coding = orderCode ?? ORDER_CODES[product];
  const doubt = orderCode === undefined ? undefined : doubtOf(orderCode, product);
  return {
    order: orderType === 'ServiceRequest' ? serviceRequest(wanted, coding) : medicationRequest(wanted, coding),
    coding,
    ...(doubt === undefined ? {} : { doubt }),
  };
}

function serviceRequest(wanted: WantedBloodOrder, coding: OrderCoding): ServiceRequest {
  return {
    resourceType: 'ServiceRequest',
    ...sharedMembers(wanted),
    code: { coding: [{ ...coding }] },
    quantityQuantity: unitsOf(wanted),
  };
}

function medicationRequest(wanted: WantedBloodOrder, coding: OrderCoding): MedicationRequest {
  return {
    resourceType: 'MedicationRequest',
    ...sharedMembers(wanted),
    medicationCodeableConcept: { coding: [{ ...coding }] },
    dispenseRequest: { quantity: unitsOf(wanted) },
  };
}

function sharedMembers({ patientId, encounterId, userId, authoredMs }: WantedBloodOrder): {
  id: string;
  status: 'draft';
  intent: 'order';
  subject: { reference: string };
  encounter?: { reference: string };
  authoredOn: string;
  requester: { reference: string };
} {
  return {
    id: 'draft-1',
    status: 'draft',
    intent: 'order',
    subject: { reference: `Patient/${patientId}` },
    ...(encounterId !== undefined && { encounter: { reference: `Encounter/${encounterId}` } }),
    authoredOn: new Date(authoredMs).toISOString(),
    requester: { reference: userId },
  };
}

function unitsOf({ units = 1 }: WantedBloodOrder): { value: number; unit: string; system: string; code: string } {
  return { value: units, unit: 'unit', system: 'http://unitsofmeasure.org', code: '{unit}' };
}

function doubtOf(coding: OrderCoding, product: FiredProduct): string | undefined {
  const found = classifyCoding(loadBloodProductTable(), coding);
  if (found === product) return undefined;
  const named = `${coding.system}|${coding.code}`;
  if (found !== undefined) return `the shipped code table takes ${named} for ${found}, not for ${product}`;
  return `${named} is not in the shipped code table: without a site overlay that names it there will be no card (\`hemolens kit check-orders\` writes one)`;
}
