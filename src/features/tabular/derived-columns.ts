import type { ConceptKey } from '../../concepts/concept.js';
import type { VisibleRecord } from '../visible-record.js';
import { hbOrHctThird } from './haemoglobin.js';
import { chartedOxygenRatio, fio2OrRoomAir, pfRatioOrRoomAir } from './inspired-oxygen.js';
import { lastWithin } from './record-columns.js';
import { sofaComponent, sofaKnownComponents, sofaTotal } from './sofa.js';

/**
 * Value of a formula of the feature spec over the window; NaN where a part is missing. What medicine lets one infer stands
 * beside the charted columns, never in their place, and never where a source is not covered.
 */
export const DERIVED_COLUMNS: Readonly<Record<string, (record: VisibleRecord, windowHours: number) => number>> = {
  /** HR / SBP, newest of each. */
  shock_index: (record, hours) => lastWithin(record, 'hr', hours) / lastWithin(record, 'sbp', hours),
  /** SBP − DBP, newest of each, mmHg. */
  pulse_pressure: (record, hours) => lastWithin(record, 'sbp', hours) - lastWithin(record, 'dbp', hours),
  /** Newest arterial pO2 over the inspired fraction charted at most 4 h before it, mmHg. */
  pf_ratio: (record, hours) => chartedOxygenRatio(record, 'po2', hours),
  /** Newest SpO2 over the inspired fraction charted at most 4 h before it, %. */
  sf_ratio: (record, hours) => chartedOxygenRatio(record, 'spo2', hours),
  /** Haemoglobin, else a third of the haematocrit, g/dL. */
  hb_or_hct_third: hbOrHctThird,
  /** FiO2, else 21 without any oxygen, %. */
  fio2_or_room_air: fio2OrRoomAir,
  /** P/F with the FiO2 charted at most 4 h before the pO2, else with 21 without any oxygen, mmHg. */
  pf_ratio_or_room_air: pfRatioOrRoomAir,
  sofa_respiration: (record, hours) => sofaComponent(record, 'respiration', hours),
  sofa_coagulation: (record, hours) => sofaComponent(record, 'coagulation', hours),
  sofa_liver: (record, hours) => sofaComponent(record, 'liver', hours),
  sofa_cardiovascular: (record, hours) => sofaComponent(record, 'cardiovascular', hours),
  sofa_cns: (record, hours) => sofaComponent(record, 'cns', hours),
  sofa_renal: (record, hours) => sofaComponent(record, 'renal', hours),
  /** 0 to 24. */
  sofa_total: sofaTotal,
  /** How many of the six are known, 0 to 6. */
  sofa_components: sofaKnownComponents,
};

/** The score is whole or it is not there: a spec that lacks one of these has none of its columns. */
const SOFA_PARTS: readonly ConceptKey[] = [
  ...['po2', 'fio2', 'o2_flow', 'peep', 'resp_support'],
  ...['plt', 'bili', 'map', 'nee', 'inotrope', 'gcs_total', 'creatinine', 'urine_mlkgh'],
];

/**
 * Concepts each formula needs; a spec without all of them has no such column. The first is the one its contribution is shown
 * under: the score as a whole stands under none of the organs.
 */
export const FORMULA_PARTS: Readonly<Record<string, readonly ConceptKey[]>> = {
  shock_index: ['hr', 'sbp'],
  pulse_pressure: ['sbp', 'dbp'],
  pf_ratio: ['po2', 'fio2'],
  sf_ratio: ['spo2', 'fio2'],
  hb_or_hct_third: ['hb', 'hct'],
  fio2_or_room_air: ['fio2', 'o2_flow', 'peep', 'resp_support'],
  pf_ratio_or_room_air: ['po2', 'fio2', 'o2_flow', 'peep', 'resp_support'],
  sofa_respiration: ['po2', ...SOFA_PARTS],
  sofa_coagulation: ['plt', ...SOFA_PARTS],
  sofa_liver: ['bili', ...SOFA_PARTS],
  sofa_cardiovascular: ['map', ...SOFA_PARTS],
  sofa_cns: ['gcs_total', ...SOFA_PARTS],
  sofa_renal: ['creatinine', ...SOFA_PARTS],
  sofa_total: ['measurement', ...SOFA_PARTS],
  sofa_components: ['measurement', ...SOFA_PARTS],
};
