import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MIMIC_ITEM_LABELS } from '../../../src/cohort/sources/mimic-iv/item-labels.js';

const labels = (table: 'd_items' | 'd_labitems'): string =>
  `itemid,label,other\n${Object.entries(MIMIC_ITEM_LABELS[table])
    .map(([item, label]) => `${item},"${label}",x\n`)
    .join('')}`;

/** A made-up patient in the published layout; columns in another order than ours, some of no interest. */
export const TABLES: Readonly<Record<string, string>> = {
  'hosp/patients':
    'subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod\n7,F,60,2150,2011 - 2013,2150-03-09\n',
  'hosp/admissions':
    'subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,discharge_location,hospital_expire_flag\n7,70,2150-03-01 08:00:00,2150-03-09 10:00:00,2150-03-09 09:30:00,URGENT,DIED,1\n',
  'hosp/diagnoses_icd': 'subject_id,hadm_id,seq_num,icd_code,icd_version\n7,70,1,N184,10\n',
  'hosp/d_labitems': labels('d_labitems'),
  'hosp/labevents':
    'labevent_id,subject_id,specimen_id,itemid,charttime,storetime,value,valuenum,valueuom\n' +
    '1,7,11,50912,2150-03-04 06:00:00,2150-03-04 07:00:00,1.4,1.4,mg/dL\n' +
    '2,7,12,51275,2150-03-04 06:00:00,2150-03-04 07:00:00,>150,,sec\n' +
    '3,7,13,52033,2150-03-04 06:00:00,2150-03-04 06:05:00,ART.,,\n' +
    '4,7,13,50821,2150-03-04 06:00:00,2150-03-04 06:05:00,88,88,mm Hg\n' +
    '5,7,14,52033,2150-03-04 05:00:00,2150-03-04 05:05:00,VEN.,,\n' +
    '6,7,14,50821,2150-03-04 05:00:00,2150-03-04 05:05:00,35,35,mm Hg\n' +
    '7,7,15,50971,2150-03-04 05:00:00,2150-03-04 05:05:00,4.1,4.1,furlong\n',
  'hosp/poe':
    'poe_id,poe_seq,subject_id,hadm_id,ordertime,order_type,order_subtype,transaction_type\n' +
    '7-1,1,7,70,2150-03-04 10:00:05,Blood Bank,Red Cell Product Order,New\n' +
    '7-2,2,7,70,2150-03-04 10:00:40,Blood Bank,Platelet Product Order,Change\n' +
    '7-3,3,7,70,2150-03-04 10:01:00,Blood Bank,Platelet Product Order,D/C\n' +
    '7-4,4,7,70,2150-03-04 10:00:00,Blood Bank,Blood tests,New\n',
  'icu/d_items': labels('d_items'),
  'icu/icustays': 'subject_id,hadm_id,stay_id,intime,outtime\n7,70,700,2150-03-03 08:00:00,2150-03-09 09:30:00\n',
  'icu/chartevents':
    'subject_id,charttime,storetime,itemid,value,valuenum,valueuom\n' +
    '7,2150-03-04 09:00:00,,220179,110,110,mmHg\n7,2150-03-04 09:00:00,,220180,60,60,mmHg\n' +
    '7,2150-03-04 09:00:00,,223761,98.6,98.6,°F\n7,2150-03-04 09:00:00,,223900,1,1,\n7,2150-03-03 09:00:00,,223900,5,5,\n7,2150-03-04 09:00:00,,226531,176.4,176.4,\n',
  'icu/outputevents':
    'subject_id,charttime,storetime,itemid,value,valueuom\n7,2150-03-04 09:00:00,2150-03-04 09:05:00,226559,300,ml\n7,2150-03-04 09:00:00,2150-03-04 09:05:00,227488,100,ml\n',
  'icu/inputevents':
    'subject_id,starttime,endtime,storetime,itemid,amount,amountuom,rate,rateuom,orderid,statusdescription\n' +
    '7,2150-03-04 08:00:00,2150-03-04 11:00:00,2150-03-04 08:01:00,221906,5,mg,0.2,mcg/kg/min,1,FinishedRunning\n' +
    '7,2150-03-04 07:00:00,2150-03-04 08:00:00,2150-03-04 08:01:00,225168,350,ml,,,2,FinishedRunning\n' +
    '7,2150-03-04 07:00:00,2150-03-04 08:00:00,2150-03-04 08:01:00,225168,350,ml,,,3,Rewritten\n',
  'icu/procedureevents':
    'subject_id,starttime,endtime,storetime,itemid,orderid\n7,2150-03-04 06:00:00,2150-03-05 06:00:00,2150-03-05 06:00:00,225792,1\n',
};

/** Writes the tables to a new folder as plain CSV; a table given as undefined is left out, a new one is added. */
export function writeLayout(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'mimic-'));
  for (const [table, text] of Object.entries({ ...TABLES, ...changes })) {
    const path = join(folder, `${table}.csv`);
    mkdirSync(dirname(path), { recursive: true });
    if (text !== undefined) writeFileSync(path, text);
  }
  return folder;
}
