import { describe, expect, test } from '@jest/globals';
import { isConsistent, parseOutcomes, stayOutcome } from '../../../src/cohort/sources/challenge-2012/outcomes.js';

const HEADER = 'RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death';

describe('death within 7 days of the 48th hour, from Survival in whole days', () => {
  test.each([
    [3, 'event'],
    [9, 'event'],
    [10, 'survivor'],
    [-1, 'survivor'],
    [2, 'day2'],
    [1, 'early'],
    [0, 'early'],
    [-23, 'impossible'],
    [2.5, 'impossible'],
  ])('Survival %d is %s', (survivalDays, outcome) => {
    expect(stayOutcome(survivalDays)).toBe(outcome);
  });

  test('in-hospital death agrees with 2 <= Survival <= Length_of_stay', () => {
    const rows = [...parseOutcomes(`${HEADER}\n1,6,1,5,5,1\n2,6,1,5,6,0\n3,6,1,5,-1,1\n`, 'test').values()];
    expect(rows.map(isConsistent)).toEqual([true, true, false]);
  });

  test('bad call: another header, or a line that is not six numbers, is refused by line', () => {
    expect(() => parseOutcomes('RecordID\n1', 'Outcomes-a.txt')).toThrow('Outcomes-a.txt: expected the header');
    expect(() => parseOutcomes(`${HEADER}\n1,6,1,5,5,1\n2,6,x,5,5,1`, 'Outcomes-a.txt')).toThrow('line 3');
    const twice = `${HEADER}\n1,6,1,5,5,1\n1,6,1,5,-1,0`;
    expect(() => parseOutcomes(twice, 'Outcomes-a.txt')).toThrow('line 3 has a RecordID that came before');
  });
});
