/** Code systems and extension URLs that charts name; shared by the record, the FHIR access and the chart writers. */
export const LOINC = 'http://loinc.org';
export const SNOMED_CT = 'http://snomed.info/sct';
export const UCUM = 'http://unitsofmeasure.org';
export const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';
export const CPT = 'http://www.ama-assn.org/go/cpt';
export const ICD_10_PCS = 'http://www.cms.gov/Medicare/Coding/ICD10';
export const V2_0426_BLOOD_PRODUCT = 'http://terminology.hl7.org/CodeSystem/v2-0426';
export const V2_0426_BLOOD_PRODUCT_OLD = 'http://hl7.org/fhir/v2/0426';
export const V2_0487_SPECIMEN_TYPE = 'http://terminology.hl7.org/CodeSystem/v2-0487';
export const V3_ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
export const V3_ACT_PRIORITY = 'http://terminology.hl7.org/CodeSystem/v3-ActPriority';
export const V3_ROLE_CODE = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';

/** ICD systems: the official ones and MIMIC-on-FHIR's local ones. */
export const ICD_9_CM = 'http://hl7.org/fhir/sid/icd-9-cm';
export const ICD_10_CM = 'http://hl7.org/fhir/sid/icd-10-cm';
export const ICD_10 = 'http://hl7.org/fhir/sid/icd-10';
export const MIMIC_DIAGNOSIS_ICD9 = 'http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd9';
export const MIMIC_DIAGNOSIS_ICD10 = 'http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd10';

/** MIMIC-on-FHIR item ids: laboratory (`d_labitems`), charting, outputs and procedures (`d_items`), ICU infusions. */
export const MIMIC_LAB_ITEMS = 'http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-labitems';
export const MIMIC_ITEMS = 'http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-items';
export const MIMIC_MEDICATION_ICU = 'http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-medication-icu';
/** `Encounter.identifier.system` of an ICU stay in MIMIC-on-FHIR: what tells it from the hospital stay around it. */
export const MIMIC_ICU_STAY_IDENTIFIER = 'http://mimic.mit.edu/fhir/mimic/identifier/encounter-icu';
/** The same of a hospital stay: its class is made of the admission type there (an urgent inpatient stay is `AMB`). */
export const MIMIC_HOSPITAL_STAY_IDENTIFIER = 'http://mimic.mit.edu/fhir/mimic/identifier/encounter-hosp';

/** When an administration or a procedure was filed (`valueDateTime`); it was not available before. */
export const STORE_TIME_EXTENSION = 'https://hemolens.org/fhir/StructureDefinition/store-time';

/** SNOMED CT and v2-0487 codes of an arterial blood specimen (`Observation.specimen` to a contained Specimen). */
export const ARTERIAL_SPECIMEN_SNOMED = '122552005';
export const ARTERIAL_SPECIMEN_V2 = 'BLDA';
