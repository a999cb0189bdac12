/**
 * UCUM unit of every Challenge-2012 parameter that is a measurement. Units as documented, but for magnesium: it is
 * documented as mmol/L, while its values (median about 2) are those of mg/dL.
 * @see https://physionet.org/content/challenge-2012/1.0.0/ "Variables"
 */
export const PARAMETER_UNITS: Readonly<Record<string, string>> = {
  Albumin: 'g/dL',
  ALP: 'U/L',
  ALT: 'U/L',
  AST: 'U/L',
  Bilirubin: 'mg/dL',
  BUN: 'mg/dL',
  Cholesterol: 'mg/dL',
  Creatinine: 'mg/dL',
  DiasABP: 'mm[Hg]',
  FiO2: '1',
  GCS: '{score}',
  Glucose: 'mg/dL',
  HCO3: 'mmol/L',
  HCT: '%',
  Height: 'cm',
  HR: '/min',
  K: 'mmol/L',
  Lactate: 'mmol/L',
  MAP: 'mm[Hg]',
  Mg: 'mg/dL',
  Na: 'mmol/L',
  NIDiasABP: 'mm[Hg]',
  NIMAP: 'mm[Hg]',
  NISysABP: 'mm[Hg]',
  PaCO2: 'mm[Hg]',
  PaO2: 'mm[Hg]',
  pH: '[pH]',
  Platelets: '10*3/uL',
  RespRate: '/min',
  SaO2: '%',
  SysABP: 'mm[Hg]',
  Temp: 'Cel',
  TroponinI: 'ng/mL',
  TroponinT: 'ng/mL',
  Urine: 'mL',
  WBC: '10*3/uL',
  Weight: 'kg',
};

/** Parameters that describe the stay and are no measurements of a concept's values. */
export const STAY_PARAMETERS = ['RecordID', 'Age', 'Gender', 'ICUType', 'MechVent'] as const;
