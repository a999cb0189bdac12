import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATIENT =
  'patientunitstayid,patienthealthsystemstayid,gender,age,hospitalid,hospitaladmitsource,hospitaladmitoffset,hospitaldischargeyear,hospitaldischargeoffset,hospitaldischargestatus,unittype,unitvisitnumber,unitdischargeoffset,unitdischargestatus,admissionheight,admissionweight,uniquepid\n';
const INTAKE = 'flowsheet|Flowsheet Cell Labels|I&O|Intake (ml)|Blood Products (ml)|';
const EXAM = 'notes/Progress Notes/Physical Exam/Physical Exam/Neurologic/GCS';
const NOTE = 'notes/Progress Notes';

/**
 * Made-up rows in the published layout. Hospital stay 20 of patient 001-1: unit stays 100 (admitted 60 min after the hospital)
 * and 101 (3,060 min after it). Stay 10 of the same patient, a year before. Stay 30: over 89, no outcome.
 */
export const TABLES: Readonly<Record<string, string>> = {
  patient:
    PATIENT +
    '100,20,Female,64,7,Emergency Department,-60,2015,10000,Expired,MICU,1,2000,Alive,170,80,001-1\n' +
    '101,20,Female,64,7,Emergency Department,-3060,2015,7000,Expired,MICU,2,7000,Expired,,,001-1\n' +
    '90,10,Female,63,7,,-30,2014,5000,Alive,MICU,1,3000,Alive,,,001-1\n' +
    '110,30,Male,> 89,8,Floor,0,2014,9000,,SICU,1,4000,Alive,,400,002-1\n' +
    '120,40,,,8,Floor,0,2014,9000,Alive,SICU,1,4000,Expired,,,003-1\n',
  intakeOutput:
    'intakeoutputid,patientunitstayid,intakeoutputoffset,intakeoutputentryoffset,cellpath,celllabel,cellvaluenumeric,cellvaluetext\n' +
    `1,100,600,620,${INTAKE}pRBCs,pRBCs,350.0000,350\n` +
    `2,100,700,690,${INTAKE}FFP,FFP,300.0000,300\n` +
    `3,100,800,800,${INTAKE}Albumin Intake,x,250.0000,250\n` +
    `4,100,800,800,${INTAKE}Cell Saver,x,250.0000,250\n` +
    `5,100,800,800,${INTAKE}pRBCs,pRBCs,0.0000,0\n` +
    `6,110,900,900,${INTAKE}Blood Products,Blood Products,200.0000,200\n` +
    '7,100,500,560,flowsheet|Flowsheet Cell Labels|I&O|Output (ml)|Urine,Urine,120.0000,120\n',
  infusiondrug:
    'infusiondrugid,patientunitstayid,infusionoffset,drugname,drugrate,infusionrate,drugamount,volumeoffluid,patientweight\n' +
    '1,101,100,PRBC (ml/hr),125,,,,\n' +
    '2,101,200,PRBC (ml/hr),0,,,,\n' +
    '3,101,100,NS for Blood Administration (ml/hr),50,,,,\n' +
    '4,100,100,Norepinephrine (mcg/kg/min),0.2,,,,\n' +
    '5,100,160,Norepinephrine (mcg/min),8,,,,\n' +
    '6,100,300,Norepinephrine (ml/hr),10,,,,\n' +
    '7,100,360,Norepinephrine (mcg/kg/min),0,,,,\n' +
    '8,100,100,Vasopressin (units/hr),2.4,,,,\n' +
    '9,100,100,Propofol (ml/hr),ERROR,,,,\n',
  treatment:
    'treatmentid,patientunitstayid,treatmentoffset,treatmentstring,activeupondischarge\n' +
    '1,101,300,cardiovascular|shock|blood product administration|fresh frozen plasma,False\n' +
    '2,101,300,hematology|red blood cell disorders|blood product administration,False\n' +
    '3,101,300,cardiovascular|intravenous fluid|blood product administration|albumin,False\n' +
    '4,100,120,pulmonary|ventilation and oxygenation|mechanical ventilation|assist controlled,True\n' +
    '5,100,120,renal|dialysis|C V V H,True\n' +
    '6,100,120,general|quality measures|palliative care consultation,True\n',
  vitalAperiodic:
    'vitalaperiodicid,patientunitstayid,observationoffset,noninvasivesystolic,noninvasivediastolic,noninvasivemean,paop\n' +
    '1,100,200,110,60,77,\n2,101,5,999,,,\n',
  respiratoryCharting:
    'respchartid,patientunitstayid,respchartoffset,respchartentryoffset,respcharttypecat,respchartvaluelabel,respchartvalue\n' +
    '1,100,200,260,x,FiO2,60%\n2,100,210,205,x,PEEP,8\n3,100,210,210,x,Mean Airway Pressure,12\n',
  respiratoryCare:
    'respcareid,patientunitstayid,respcarestatusoffset,airwaytype,ventstartoffset,ventendoffset,priorventstartoffset,priorventendoffset\n' +
    '1,100,150,Oral ETT,130,0,0,0\n2,100,900,,0,0,130,880\n',
  apacheApsVar:
    'apacheapsvarid,patientunitstayid,intubated,vent,dialysis,eyes,motor,verbal,meds,urine,wbc,temperature,respiratoryrate,sodium,heartrate,meanbp,ph,hematocrit,creatinine,albumin,pao2,pco2,bun,glucose,bilirubin,fio2\n' +
    '1,100,1,1,0,3,6,1,0,1500,12.5,37,30,-1,120,50,-1,25,1.1,-1,-1,-1,20,150,-1,-1\n',
  pastHistory:
    'pasthistoryid,patientunitstayid,pasthistoryoffset,pasthistoryenteredoffset,pasthistorynotetype,pasthistorypath,pasthistoryvalue,pasthistoryvaluetext\n' +
    `1,100,5,25,Admission,${NOTE}/Past History/Organ Systems/Pulmonary/COPD/COPD  - severe,COPD  - severe,COPD  - severe\n` +
    `2,100,5,25,Admission,${NOTE}/Past History/Organ Systems/Endocrine (R)/Hypothyroidism/hypothyroidism,hypothyroidism,hypothyroidism\n`,
  physicalExam:
    'physicalexamid,patientunitstayid,physicalexamoffset,physicalexampath,physicalexamvalue,physicalexamtext\n' +
    `1,100,5,${EXAM}/Motor Score/6,6,6\n2,100,5,${EXAM}/Score/scored,scored,scored\n3,100,50,${EXAM}/14,14,14\n`,
  note:
    'noteid,patientunitstayid,noteoffset,noteenteredoffset,notetype,notepath,notevalue,notetext\n' +
    `1,100,5,25,Admission,${NOTE}/Social History / Family History/Social History/Social History/Smoking Status/denies smoking,denies smoking,denies smoking\n` +
    `2,100,5,25,Admission,${NOTE}/Assessment and Plan/View Options/System View,System View,SystemView\n` +
    `3,100,40,70,Admission,${NOTE}/Interventions/Major/End of life / care limitation discussion,End of life / care limitation discussion,x\n`,
  carePlanEOL:
    'cpleolid,patientunitstayid,cpleolsaveoffset,cpleoldiscussionoffset,activeupondischarge\n1,101,400,0,True\n',
  carePlanGeneral:
    'cplgeneralid,patientunitstayid,activeupondischarge,cplitemoffset,cplgroup,cplitemvalue\n' +
    '1,101,True,450,Care Limitation,Comfort measures only\n2,100,True,10,Care Limitation,Do not resuscitate\n',
};

/** `lab` and `vitalPeriodic`, which the demo lacks. */
export const RAW_VALUES: Readonly<Record<string, string>> = {
  lab:
    'labid,patientunitstayid,labresultoffset,labtypeid,labname,labresult,labresulttext,labmeasurenamesystem,labmeasurenameinterface,labresultrevisedoffset\n' +
    '1,100,-30,3,Hgb,78.0,78,g/dL,g/L,15\n' +
    '2,100,50,1,lactate,,>20.50,mmol/L,mmol/L,45\n' +
    '3,100,50,3,platelets x 1000,90.0,90,K/mcL,THOU/UL,55\n' +
    '4,100,50,1,potassium,4.0,4,,furlong,55\n' +
    '5,100,50,1,anion gap,12.0,12,,,\n' +
    '6,100,50,1,CPK,900.0,900,Units/L,U/L,55\n',
  vitalPeriodic:
    'vitalperiodicid,patientunitstayid,observationoffset,temperature,sao2,heartrate,respiration,cvp,etco2,systemicsystolic,systemicdiastolic,systemicmean\n' +
    '1,100,65,37.1,97,101,18,,,,,\n',
  nurseCharting:
    'nursingchartid,patientunitstayid,nursingchartoffset,nursingchartentryoffset,nursingchartcelltypecat,nursingchartcelltypevallabel,nursingchartcelltypevalname,nursingchartvalue\n' +
    '1,100,70,95,Vital Signs,Temperature,Temperature (F),98.6\n2,100,70,95,Vital Signs,Heart Rate,Heart Rate,abc\n',
};

/** Writes the tables to a new folder as plain CSV; a table given as undefined is left out, a new one is added. */
export function writeLayout(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'eicu-'));
  for (const [table, text] of Object.entries({ ...TABLES, ...changes })) {
    if (text !== undefined) writeFileSync(join(folder, `${table}.csv`), text);
  }
  return folder;
}
