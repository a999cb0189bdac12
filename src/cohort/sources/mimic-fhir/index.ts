export { openFhirExport } from './fhir-cohort.js';
export { readStagedFhir } from './staged-charts.js';
