import { describe, expect, it } from '@jest/globals';
import { grantsRead, parseScopes } from '../../src/cds-hooks/smart-scopes.js';

describe('a SMART scope (req. 30, 32)', () => {
  it.each([
    ['patient/Observation.read', 'Observation', true],
    ['patient/Observation.*', 'Observation', true],
    ['patient/*.read', 'Observation', true],
    ['patient/*.* user/*.* launch openid profile online_access', 'MedicationAdministration', true],
    ['user/Observation.read', 'Observation', true],
    ['system/Observation.rs', 'Observation', true],
    ['patient/Observation.rs', 'Observation', true],
    ['patient/Observation.cruds', 'Observation', true],
    ['patient/*.rs', 'Procedure', true],
    ['patient/Observation.write', 'Observation', false],
    ['patient/Observation.cud', 'Observation', false],
    ['patient/Observation.sr', 'Observation', false],
    ['patient/Patient.read', 'Observation', false],
    ['patient/ObservationX.read', 'Observation', false],
    ['xpatient/Observation.read', 'Observation', false],
    ['EPIC.FHIR.R4.SERVICES.OBSERVATION openid launch/patient', 'Observation', false],
    ['', 'Observation', false],
  ])('%s lets %s be read: %s', (scope, resourceType, want) => {
    expect(grantsRead(scope, resourceType)).toBe(want);
  });

  it('of version 2 tells reading one resource from searching', () => {
    expect(grantsRead('patient/Patient.r', 'Patient', { interaction: 'read' })).toBe(true);
    expect(grantsRead('patient/Patient.r', 'Patient', { interaction: 'search' })).toBe(false);
    expect(grantsRead('patient/Observation.s', 'Observation', { interaction: 'search' })).toBe(true);
    expect(grantsRead('patient/Observation.read', 'Observation', { interaction: 'search' })).toBe(true);
  });

  it('narrowed to a category counts for that category only: what it hides is not "no data"', () => {
    const scope =
      'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory';
    expect(grantsRead(scope, 'Observation', { category: 'laboratory' })).toBe(true);
    expect(grantsRead(scope, 'Observation', { category: 'vital-signs' })).toBe(false);
    expect(grantsRead(scope, 'Observation')).toBe(false);
    expect(grantsRead(`${scope} patient/Observation.rs`, 'Observation')).toBe(true);
  });

  it('beside others is found in any order and spacing', () => {
    expect(
      parseScopes(' openid\tpatient/Patient.rs  launch\nuser/Observation.read ').map(
        ({ resourceType }) => resourceType,
      ),
    ).toEqual(['Patient', 'Observation']);
  });
});
