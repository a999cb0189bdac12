#!/usr/bin/env node
/**
 * Writes the synthetic patients of this folder. Every number is made up here; no real chart was used.
 *   node fhir-fixtures/make-fixtures.mjs
 * Times are relative to the order ({{t0-2h}}), so that a fixture never ages. `want.json` is written by hand and left alone.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const LOINC = 'http://loinc.org';
const SNOMED = 'http://snomed.info/sct';
const UCUM = 'http://unitsofmeasure.org';
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

/** key: [LOINC, display, UCUM, decimals] */
const CODES = {
  hr: ['8867-4', 'Heart rate', '/min', 0],
  sbp: ['8480-6', 'Systolic blood pressure', 'mm[Hg]', 0],
  dbp: ['8462-4', 'Diastolic blood pressure', 'mm[Hg]', 0],
  map: ['8478-0', 'Mean blood pressure', 'mm[Hg]', 0],
  rr: ['9279-1', 'Respiratory rate', '/min', 0],
  spo2: ['59408-5', 'Oxygen saturation by pulse oximetry', '%', 0],
  temp: ['8310-5', 'Body temperature', 'Cel', 1],
  gcs: ['9269-2', 'Glasgow coma score total', '{score}', 0],
  gcs_motor: ['9268-4', 'Glasgow coma score motor', '{score}', 0],
  gcs_eye: ['9267-6', 'Glasgow coma score eye opening', '{score}', 0],
  gcs_verbal: ['9270-0', 'Glasgow coma score verbal', '{score}', 0],
  fio2: ['3150-0', 'Inhaled oxygen concentration', '%', 0],
  peep: ['20077-4', 'Positive end expiratory pressure', 'cm[H2O]', 0],
  urine: ['9187-6', 'Urine output', 'mL', 0],
  weight: ['29463-7', 'Body weight', 'kg', 1],
  height: ['8302-2', 'Body height', 'cm', 0],
  hb: ['718-7', 'Hemoglobin', 'g/dL', 1],
  hct: ['4544-3', 'Hematocrit', '%', 1],
  plt: ['777-3', 'Platelets', '10*3/uL', 0],
  wbc: ['6690-2', 'Leukocytes', '10*3/uL', 1],
  inr: ['6301-6', 'INR', '{INR}', 1],
  ptt: ['14979-9', 'aPTT', 's', 1],
  fibrinogen: ['3255-7', 'Fibrinogen', 'mg/dL', 0],
  lactate: ['32693-4', 'Lactate', 'mmol/L', 1],
  ph: ['2744-1', 'pH of arterial blood', '[pH]', 2],
  pco2: ['2019-8', 'Carbon dioxide, arterial', 'mm[Hg]', 0],
  po2: ['2703-7', 'Oxygen, arterial', 'mm[Hg]', 0],
  bicarb: ['1963-8', 'Bicarbonate', 'mmol/L', 0],
  sodium: ['2951-2', 'Sodium', 'mmol/L', 0],
  potassium: ['2823-3', 'Potassium', 'mmol/L', 1],
  chloride: ['2075-0', 'Chloride', 'mmol/L', 0],
  creatinine: ['2160-0', 'Creatinine', 'mg/dL', 2],
  bun: ['3094-0', 'Urea nitrogen', 'mg/dL', 0],
  glucose: ['2345-7', 'Glucose', 'mg/dL', 0],
  mg: ['19123-9', 'Magnesium', 'mg/dL', 1],
  bili: ['1975-2', 'Bilirubin total', 'mg/dL', 1],
  alt: ['1742-6', 'ALT', 'U/L', 0],
  ast: ['1920-8', 'AST', 'U/L', 0],
  albumin: ['1751-7', 'Albumin', 'g/dL', 1],
};
const VITALS = new Set(['hr', 'sbp', 'dbp', 'map', 'rr', 'spo2', 'temp', 'gcs', 'gcs_motor', 'gcs_eye', 'gcs_verbal', 'fio2', 'peep', 'urine', 'weight', 'height']);

const PRODUCTS = {
  rbc: ['116863004', 'Transfusion of red blood cells'],
  platelets: ['12719002', 'Platelet transfusion'],
  plasma: ['116861002', 'Transfusion of fresh frozen plasma'],
  cryo: ['116795008', 'Transfusion of cryoprecipitate'],
};

const ago = (hours) => `{{t0-${Math.round(hours * 60)}m}}`;

/** Small deterministic noise in [-1, 1], so that a rebuilt fixture is the same file. */
function noise(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  };
}

class Chart {
  constructor(id, { years, gender, name }) {
    this.id = id;
    this.resources = [
      { resourceType: 'Patient', id, name: [{ family: 'Synthetic', given: [name] }], gender, birthDate: `{{date:t0-${years}y}}` },
    ];
    this.count = 0;
    this.random = noise([...id].reduce((a, c) => a * 31 + c.charCodeAt(0), 7));
  }
  get subject() {
    return { reference: `Patient/${this.id}` };
  }
  next(prefix) {
    this.count += 1;
    return `${this.id}-${prefix}${this.count}`;
  }
  /** One result, filed `delay` hours after it was taken. */
  observe(key, value, hours, { unit, textUnit, code, delay = VITALS.has(key) ? 0 : 0.6, status = 'final' } = {}) {
    const [loinc, display, ucum, decimals] = CODES[key];
    this.resources.push({
      resourceType: 'Observation',
      id: this.next('o'),
      status,
      category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: VITALS.has(key) ? 'vital-signs' : 'laboratory' }] }],
      code: { coding: [{ system: LOINC, code: code ?? loinc, display }] },
      subject: this.subject,
      effectiveDateTime: ago(hours),
      issued: ago(Math.max(hours - delay, 0.01)),
      valueQuantity: {
        value: Number(value.toFixed(unit === undefined && textUnit === undefined ? decimals : 4)),
        ...(textUnit === undefined ? { unit: unit ?? ucum, system: UCUM, code: unit ?? ucum } : { unit: textUnit }),
      },
    });
    return this;
  }
  bloodPressure(systolic, diastolic, hours) {
    const part = (key, value) => ({ code: { coding: [{ system: LOINC, code: CODES[key][0] }] }, valueQuantity: { value: Math.round(value), unit: 'mm[Hg]', system: UCUM, code: 'mm[Hg]' } });
    this.resources.push({
      resourceType: 'Observation',
      id: this.next('bp'),
      status: 'final',
      category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }],
      code: { coding: [{ system: LOINC, code: '85354-9', display: 'Blood pressure panel' }] },
      subject: this.subject,
      effectiveDateTime: ago(hours),
      issued: ago(hours),
      component: [part('sbp', systolic), part('dbp', diastolic)],
    });
    return this;
  }
  /** A course from `from` to `to` over the hours before the order, one value each `every` hours. */
  course(key, from, to, { start = 24, end = 0.5, every = 1, spread = 0, ...rest } = {}) {
    for (let hours = start; hours >= end - 1e-9; hours -= every) {
      const share = start === end ? 1 : (start - hours) / (start - end);
      this.observe(key, from + (to - from) * share + spread * this.random(), hours, rest);
    }
    return this;
  }
  pressures(from, to, { start = 24, end = 0.5, every = 1 } = {}) {
    for (let hours = start; hours >= end - 1e-9; hours -= every) {
      const share = (start - hours) / (start - end);
      this.bloodPressure(from[0] + (to[0] - from[0]) * share + 3 * this.random(), from[1] + (to[1] - from[1]) * share + 2 * this.random(), hours);
    }
    return this;
  }
  encounter({ hours, icuHours, emergency = false }) {
    const admission = this.next('enc');
    this.resources.push({
      resourceType: 'Encounter', id: admission, status: 'in-progress',
      class: { system: ACT_CODE, code: emergency ? 'EMER' : 'IMP' },
      subject: this.subject, period: { start: ago(hours) },
    });
    if (icuHours !== undefined) {
      this.resources.push({
        resourceType: 'Encounter', id: this.next('icu'), status: 'in-progress',
        class: { system: ACT_CODE, code: 'ACUTE' },
        type: [{ coding: [{ system: SNOMED, code: '309904001', display: 'Intensive care unit' }] }],
        subject: this.subject, period: { start: ago(icuHours) }, partOf: { reference: `Encounter/${admission}` },
      });
    }
    return this;
  }
  procedure(code, display, startHours, endHours) {
    this.resources.push({
      resourceType: 'Procedure', id: this.next('p'), status: endHours === undefined ? 'in-progress' : 'completed',
      code: { coding: [{ system: SNOMED, code, display }] }, subject: this.subject,
      performedPeriod: { start: ago(startHours), ...(endHours === undefined ? {} : { end: ago(endHours) }) },
    });
    return this;
  }
  drug(rxnorm, name, startHours, rate, unit) {
    this.resources.push({
      resourceType: 'MedicationAdministration', id: this.next('m'), status: 'in-progress',
      medicationCodeableConcept: { coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: rxnorm, display: name }], text: name },
      subject: this.subject, effectivePeriod: { start: ago(startHours) },
      dosage: { rateQuantity: { value: rate, unit, system: UCUM, code: unit } },
    });
    return this;
  }
  transfused(product, startHours, volume) {
    const [code, display] = PRODUCTS[product];
    this.resources.push({
      resourceType: 'MedicationAdministration', id: this.next('t'), status: 'completed',
      medicationCodeableConcept: { coding: [{ system: SNOMED, code, display }] },
      subject: this.subject, effectivePeriod: { start: ago(startHours), end: ago(startHours - 1) },
      dosage: { dose: { value: volume, unit: 'mL', system: UCUM, code: 'mL' } },
    });
    return this;
  }
  condition(icd10, display, recordedHours) {
    this.resources.push({
      resourceType: 'Condition', id: this.next('c'),
      clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
      code: { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: icd10, display }] },
      subject: this.subject, recordedDate: ago(recordedHours),
    });
    return this;
  }
  note(loinc, title, hours, contentType, text) {
    this.resources.push({
      resourceType: 'DocumentReference', id: this.next('n'), status: 'current', docStatus: 'final',
      type: { coding: [{ system: LOINC, code: loinc, display: title }] }, subject: this.subject, date: ago(hours),
      content: [{ attachment: { contentType, data: Buffer.from(text, 'utf8').toString('base64') } }],
    });
    return this;
  }
  order(product, { units, priority = 'routine', index = 1 }) {
    const [code, display] = PRODUCTS[product];
    return {
      resourceType: 'ServiceRequest', id: `draft-${index}`, status: 'draft', intent: 'order', priority,
      code: { coding: [{ system: SNOMED, code, display }] }, subject: this.subject, authoredOn: '{{t0}}',
      ...(units === undefined ? {} : { quantityQuantity: { value: units, unit: 'unit', system: UCUM, code: '{unit}' } }),
    };
  }
}

const LABS_WELL = { hct: 38, plt: 240, wbc: 8, sodium: 139, potassium: 4.1, chloride: 104, bicarb: 25, creatinine: 0.9, bun: 15, glucose: 112 };

/** A panel at each of the given hours, with the values moving from `from` to `to`. */
function panels(chart, from, to, hoursList) {
  hoursList.forEach((hours, index) => {
    const share = hoursList.length === 1 ? 1 : index / (hoursList.length - 1);
    for (const key of Object.keys(to)) {
      const start = from[key] ?? to[key];
      chart.observe(key, start + (to[key] - start) * share, hours);
    }
  });
  return chart;
}

const situations = {
  'bleeding-and-unstable'() {
    const c = new Chart('syn-bleeding', { years: 78, gender: 'male', name: 'Bleeding' });
    c.encounter({ hours: 60, icuHours: 40 }).condition('K74.6', 'Cirrhosis of liver', 9000).condition('N18.4', 'Chronic kidney disease, stage 4', 9000);
    c.course('hr', 98, 132, { spread: 3 }).pressures([112, 58], [78, 40]).course('rr', 20, 31, { spread: 1 });
    c.course('spo2', 96, 90, { spread: 1 }).course('temp', 36.8, 35.2, { every: 4 });
    c.course('gcs_motor', 6, 4, { every: 4 }).course('gcs_eye', 4, 2, { every: 4 }).course('gcs_verbal', 4, 2, { every: 4 });
    c.course('fio2', 40, 80, { every: 4 }).course('urine', 60, 5, { every: 1 }).observe('weight', 81, 39).observe('height', 176, 39);
    panels(c, { hb: 9.6, hct: 29, plt: 120, lactate: 2.4, creatinine: 1.9, ph: 7.36 },
      { hb: 6.1, hct: 18.6, plt: 58, wbc: 18.2, inr: 2.6, ptt: 61, fibrinogen: 118, lactate: 9.4, ph: 7.14, pco2: 32, po2: 68, bicarb: 11, sodium: 131, potassium: 5.6, chloride: 98, creatinine: 3.4, bun: 78, glucose: 212, mg: 1.6, bili: 7.8, alt: 310, ast: 640, albumin: 2.1 },
      [23, 15, 8, 1.5]);
    c.drug('7512', 'norepinephrine', 9, 0.42, 'ug/kg/min').drug('8782', 'propofol', 7, 30, 'ug/kg/min');
    c.transfused('rbc', 10, 320).transfused('rbc', 6, 310).transfused('plasma', 5, 290);
    c.note('18748-4', 'Diagnostic imaging study', 6, 'text/plain', 'CT ABDOMEN.\nFINDINGS: Large volume of blood in the stomach. Ascites.\nIMPRESSION: Active upper gastrointestinal haemorrhage.');
    return { chart: c, orders: [c.order('rbc', { units: 2, priority: 'stat' })] };
  },
  'stable-anaemia'() {
    const c = new Chart('syn-stable', { years: 56, gender: 'female', name: 'Stable' });
    c.encounter({ hours: 30 });
    c.course('hr', 84, 80, { every: 4, spread: 2 }).pressures([124, 72], [126, 74], { every: 4 }).course('rr', 15, 15, { every: 4, spread: 1 });
    c.course('spo2', 98, 98, { every: 4 }).course('temp', 36.7, 36.8, { every: 6 }).course('gcs', 15, 15, { every: 8 }).observe('weight', 66, 29);
    panels(c, { ...LABS_WELL, hb: 6.9, hct: 21 }, { ...LABS_WELL, hb: 6.7, hct: 20.5, mg: 2, albumin: 3.9, bili: 0.5, alt: 22, ast: 24 }, [26, 4]);
    c.note('11506-3', 'Progress note', 5, 'text/html', '<p>Iron deficiency, <b>no active bleeding</b>. Feels tired &amp; dizzy on standing.</p>');
    return { chart: c, orders: [c.order('rbc', { units: 1 })] };
  },
  'platelets-in-haematology'() {
    const c = new Chart('syn-haematology', { years: 47, gender: 'male', name: 'Haematology' });
    c.encounter({ hours: 300 }).condition('C92.00', 'Acute myeloid leukaemia', 1200);
    c.course('hr', 96, 104, { every: 4, spread: 2 }).pressures([114, 66], [108, 62], { every: 4 }).course('rr', 17, 19, { every: 4, spread: 1 });
    c.course('spo2', 97, 96, { every: 4 }).course('temp', 37.6, 38.6, { every: 4 }).course('gcs', 15, 15, { every: 8 }).observe('weight', 74, 200);
    panels(c, { ...LABS_WELL, hb: 8.1, hct: 24, plt: 18, wbc: 0.4 }, { ...LABS_WELL, hb: 7.8, hct: 23.2, plt: 7, wbc: 0.2, albumin: 2.9, bili: 1.1, alt: 48, ast: 40 }, [25, 5]);
    c.observe('plt', 6, 3, { status: 'preliminary', delay: 0.2 });
    return { chart: c, orders: [c.order('platelets', { units: 1, priority: 'urgent' })] };
  },
  'almost-empty-chart'() {
    const c = new Chart('syn-empty', { years: 69, gender: 'female', name: 'Empty' });
    c.encounter({ hours: 1, emergency: true }).observe('hb', 7.2, 0.7, { delay: 0.2 }).observe('hr', 101, 0.5).bloodPressure(104, 60, 0.5);
    return { chart: c, orders: [c.order('rbc', { units: 1, priority: 'urgent' })] };
  },
  'unit-chaos'() {
    // The stable chart of an ICU patient, as a laboratory with other units and careless strings would send it.
    const c = new Chart('syn-units', { years: 63, gender: 'male', name: 'Units' });
    c.encounter({ hours: 40, icuHours: 36 });
    c.course('hr', 90, 92, { every: 2 }).pressures([118, 64], [116, 62], { every: 2 }).course('rr', 18, 18, { every: 2 });
    c.observe('spo2', 0.96, 1, { unit: '1' }).observe('temp', 99.5, 1, { unit: '[degF]' }).observe('fio2', 0.35, 1, { unit: '1' }).observe('weight', 176.4, 30, { unit: '[lb_av]' });
    for (const hours of [20, 3]) {
      c.observe('hb', 78, hours, { unit: 'g/L' }).observe('hct', 0.234, hours, { unit: 'L/L' }).observe('plt', 92, hours, { unit: '10*9/L' });
      c.observe('creatinine', 141.5, hours, { unit: 'umol/L' }).observe('glucose', 8.4, hours, { unit: 'mmol/L' }).observe('bili', 30.8, hours, { unit: 'umol/L' });
      c.observe('lactate', 19.8, hours, { unit: 'mg/dL' }).observe('albumin', 29, hours, { unit: 'g/L' }).observe('bun', 9.3, hours, { unit: 'mmol/L', code: '22664-7' });
      c.observe('sodium', 137, hours, { textUnit: 'mEq/L' }).observe('potassium', 4.4, hours, { textUnit: 'furlong' }).observe('ph', 7.31, hours);
    }
    return { chart: c, orders: [c.order('rbc', { units: 1 })] };
  },
  'non-blood-order'() {
    const c = new Chart('syn-nonblood', { years: 51, gender: 'female', name: 'Nonblood' });
    c.encounter({ hours: 20 }).observe('hb', 11.9, 5);
    const order = { ...c.order('rbc', {}), code: { coding: [{ system: 'http://www.ama-assn.org/go/cpt', code: '86850', display: 'Antibody screen' }], text: 'Type and screen' } };
    return { chart: c, orders: [order] };
  },
  'several-products-at-once'() {
    const c = new Chart('syn-several', { years: 34, gender: 'male', name: 'Several' });
    c.encounter({ hours: 9, icuHours: 6 });
    c.course('hr', 118, 124, { start: 6, spread: 3 }).pressures([92, 50], [96, 54], { start: 6 }).course('rr', 24, 22, { start: 6, spread: 1 });
    c.course('spo2', 95, 97, { start: 6 }).course('temp', 35.6, 36.1, { start: 6, every: 2 }).course('gcs', 11, 10, { start: 6, every: 2 }).course('fio2', 60, 50, { start: 6, every: 2 });
    c.course('urine', 50, 40, { start: 6, every: 1 }).observe('weight', 85, 6).procedure('40617009', 'Artificial ventilation', 5.5);
    panels(c, { ...LABS_WELL, hb: 9, hct: 27, plt: 130, lactate: 5.2 }, { ...LABS_WELL, hb: 7.4, hct: 22.5, plt: 74, inr: 1.8, ptt: 48, fibrinogen: 132, lactate: 4.6, ph: 7.27, pco2: 41, po2: 142, bicarb: 18, glucose: 168, wbc: 15.4 }, [6, 3, 1.2]);
    c.transfused('rbc', 4, 300).transfused('rbc', 3.6, 310).transfused('rbc', 3.2, 300).transfused('plasma', 3, 280);
    return { chart: c, orders: ['rbc', 'plasma', 'platelets', 'cryo'].map((product, i) => c.order(product, { units: i === 0 ? 4 : 1, priority: 'stat', index: i + 1 })) };
  },
  'child-under-18'() {
    const c = new Chart('syn-child', { years: 9, gender: 'female', name: 'Child' });
    c.encounter({ hours: 12 }).course('hr', 118, 112, { start: 10, every: 2 }).observe('hb', 6.6, 2).pressures([98, 56], [100, 58], { start: 10, every: 2 });
    return { chart: c, orders: [c.order('rbc', { units: 1 })] };
  },
  'nothing-to-score'() {
    const c = new Chart('syn-nothing', { years: 61, gender: 'male', name: 'Nothing' });
    c.encounter({ hours: 90 }).observe('creatinine', 1.1, 20).observe('hb', 9.9, 60).observe('hr', 88, 50);
    return { chart: c, orders: [c.order('plasma', { units: 2 })] };
  },
  'medication-request-with-contained-product'() {
    const c = new Chart('syn-contained', { years: 66, gender: 'female', name: 'Contained' });
    c.encounter({ hours: 70, icuHours: 50 });
    c.course('hr', 88, 94, { every: 1, spread: 3 }).pressures([122, 64], [110, 58], { every: 1 }).course('rr', 19, 21, { every: 1, spread: 1 }).course('spo2', 96, 95, { every: 1 });
    c.course('temp', 37.1, 37.4, { every: 4 }).course('gcs', 14, 14, { every: 4 }).course('fio2', 30, 35, { every: 4 }).course('urine', 55, 45, { every: 1 }).observe('weight', 70, 48);
    panels(c, { ...LABS_WELL, hb: 8.8, hct: 26, plt: 96 }, { ...LABS_WELL, hb: 8.4, hct: 25.2, plt: 61, inr: 1.6, lactate: 1.8, creatinine: 1.6, bun: 34, bicarb: 21, bili: 1.9, albumin: 2.7 }, [24, 12, 3]);
    const order = {
      resourceType: 'MedicationRequest', id: 'draft-1', status: 'draft', intent: 'order', priority: 'urgent', subject: c.subject, authoredOn: '{{t0}}',
      contained: [{ resourceType: 'Medication', id: 'product', code: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0426', code: 'PLTPH', display: 'Platelet pheresis' }] } }],
      medicationReference: { reference: '#product' },
    };
    return { chart: c, orders: [order] };
  },
};

for (const [situation, build] of Object.entries(situations)) {
  const { chart, orders } = build();
  const folder = join(HERE, situation);
  rmSync(join(folder, 'fhir-server'), { recursive: true, force: true });
  mkdirSync(join(folder, 'fhir-server'), { recursive: true });
  const bundle = { resourceType: 'Bundle', type: 'collection', entry: chart.resources.map((resource) => ({ resource })) };
  writeFileSync(join(folder, 'fhir-server', 'chart.json'), `${JSON.stringify(bundle, null, 1)}\n`);
  const request = {
    hook: 'order-sign',
    hookInstance: '00000000-0000-4000-8000-000000000001',
    context: {
      userId: 'Practitioner/syn-clinician',
      patientId: chart.id,
      draftOrders: { resourceType: 'Bundle', type: 'collection', entry: orders.map((resource) => ({ resource })) },
    },
  };
  writeFileSync(join(folder, 'hook-request.json'), `${JSON.stringify(request, null, 1)}\n`);
}
