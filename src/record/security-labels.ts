import { children, codingsOf, isElement, type Element } from './element.js';

const CONFIDENTIALITY: ReadonlySet<string> = new Set([
  'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  'http://hl7.org/fhir/v3/Confidentiality',
  'urn:oid:2.16.840.1.113883.5.25',
]);
const ACT_CODE: ReadonlySet<string> = new Set([
  'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  'http://hl7.org/fhir/v3/ActCode',
  'urn:oid:2.16.840.1.113883.5.4',
]);
const RESTRICTED: ReadonlySet<string> = new Set(['R', 'V']);
/** 42 CFR Part 2, and the sensitivities that laws and policies set apart. */
const SENSITIVE: ReadonlySet<string> = new Set(
  [
    ['42CFRPart2', 'ETH', 'ETHUD', 'OPIOIDUD', 'SUD', 'TBOO'],
    ['PSY', 'PSYTHPN', 'BH', 'COGN', 'DVD', 'EMOTDIS', 'MH'],
    ['ABUSE', 'SDV', 'SEX', 'SPI', 'STIGMA', 'HIV', 'STD', 'SCA', 'GDIS', 'SICKLE', 'TABOO', 'CEL', 'VIP'],
  ].flat(),
);

/**
 * Does a label in `meta.security`, or a DocumentReference's own `securityLabel`, mark this resource as restricted: HL7
 * confidentiality R or V, or a sensitivity code such as 42 CFR Part 2? Without a system, a code says nothing.
 * @see https://hl7.org/fhir/R4/security-labels.html
 */
export function isRestricted(resource: Element): boolean {
  const { meta } = resource;
  const own = children(resource, 'securityLabel').flatMap((label) => codingsOf(label));
  const general = isElement(meta)
    ? children(meta, 'security').flatMap((coding) => codingsOf({ coding: [coding] }))
    : [];
  return [...own, ...general].some(
    ({ system, code }) =>
      (CONFIDENTIALITY.has(system) && RESTRICTED.has(code)) || (ACT_CODE.has(system) && SENSITIVE.has(code)),
  );
}
