import { describe, expect, test } from '@jest/globals';
import { isCareLimitation, isComfortCare } from '../../../src/cohort/sources/eicu/care-limitation.js';

describe('text about how far care was to go', () => {
  test.each([
    'End of life / care limitation discussion',
    'general|quality measures|palliative care consultation',
    'Care Limitation',
    'DNR',
    'DNI',
    'Do not resuscitate',
    'do-not-intubate',
    'No CPR',
    'No intubation',
    'No vasopressors/inotropes',
    'Full therapy',
    'full code',
    'Code status: discussed',
    'Comfort measures only',
    'comfort care',
    'CMO',
    'transfer to hospice',
    'withdrawal of care',
    'withdrawal of life support',
    'Prognosis: poor',
    'terminal illness',
    'terminally ill',
    'futility',
    'goals of care',
    'advance directives',
    'living will',
    'POLST form',
    'allow natural death',
    'brain death',
    'care was withdrawn',
    'supportive care only',
    'GOC discussed',
    'compassionate extubation',
    'organ donor',
  ])('%s is left out', (text) => {
    expect(isCareLimitation(text)).toBe(true);
  });

  test.each([
    'withdraws to pain',
    'Affect: withdrawn. Treatment: oxygen.',
    'hx delirium tremens and withdrawal seizures',
    'alcohol withdrawal treatment protocol',
    'opioid withdrawal support',
    'Patient successfully resuscitated',
    'aggressive volume resuscitation (>250 mls/hr)',
    'methylprednisolone',
    'both do not react to light',
    'terminal ileum',
    'Allergies: No. CPR: performed.',
    'alkaline phosphatase',
    'no organomegaly',
    'ICD code 401.9',
  ])('%s stays', (text) => {
    expect(isCareLimitation(text)).toBe(false);
  });

  test('a wish not to be resuscitated is no choice of comfort care', () => {
    expect(['DNR', 'No CPR', 'palliative care consultation', 'withdraws to pain'].filter(isComfortCare)).toEqual([]);
    expect(['Comfort measures only', 'hospice', 'withdrawal of life support'].every(isComfortCare)).toBe(true);
  });
});
