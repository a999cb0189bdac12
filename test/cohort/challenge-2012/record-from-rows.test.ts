import { describe, expect, test } from '@jest/globals';
import {
  ADMISSION_MS,
  PREDICTION_TIME_MS,
  recordFromRows,
  unmappedParameters,
} from '../../../src/cohort/sources/challenge-2012/record-from-rows.js';
import { PARAMETER_UNITS, STAY_PARAMETERS } from '../../../src/cohort/sources/challenge-2012/parameter-units.js';
import { concepts } from '../../../src/concepts/dictionary.js';

const HOUR_MS = 3_600_000;

function stay(...rows: readonly string[]): ReturnType<typeof recordFromRows> {
  return recordFromRows(['Time,Parameter,Value', '00:00,RecordID,1', ...rows].join('\n'), 'made up');
}

describe('a Challenge 2012 stay as a record', () => {
  test('every value stands at its time after admission, available then', () => {
    const { values } = stay('07:30,HR,88', '48:00,HR,91');
    expect(values.map(({ concept, value, timeMs, availableMs }) => [concept, value, timeMs, availableMs])).toEqual([
      ['hr', 88, ADMISSION_MS + 7.5 * HOUR_MS, ADMISSION_MS + 7.5 * HOUR_MS],
      ['hr', 91, PREDICTION_TIME_MS, PREDICTION_TIME_MS],
    ]);
  });

  test('inspired oxygen comes as a fraction and is kept in percent', () => {
    expect(stay('01:00,FiO2,0.4').values[0]).toMatchObject({ concept: 'fio2', value: 40 });
  });

  test('cuff and arterial pressures are one concept', () => {
    const { values } = stay('01:00,SysABP,120', '01:00,NISysABP,118');
    expect(new Set(values.map(({ concept }) => concept)).size).toBe(1);
  });

  test('-1 is a descriptor nobody knew, not a value', () => {
    const record = stay('00:00,Age,70', '00:00,Gender,-1', '00:00,Height,-1', '00:00,Weight,-1');
    expect(record.values).toEqual([]);
    expect(record.sex).toBe('unknown');
    expect(record.rejections).toEqual([]);
  });

  test('age is completed years at the prediction time', () => {
    expect(stay('00:00,Age,70').birthDate).toBe('1942-01-01');
  });

  test('gender 1 is male, 0 female', () => {
    expect([stay('00:00,Gender,1').sex, stay('00:00,Gender,0').sex]).toEqual(['male', 'female']);
  });

  test('a diastolic pressure of 0 is outside its keep range: dropped and counted', () => {
    const record = stay('01:00,DiasABP,0', '02:00,DiasABP,0');
    expect(record.values).toEqual([]);
    expect(record.rejections).toEqual([{ reason: 'out-of-range', concept: 'dbp', count: 2 }]);
  });

  test('ventilation charted within 8 hours is one procedure; it runs on when charted within 8 hours of the end', () => {
    const { procedures } = stay('01:00,MechVent,1', '05:00,MechVent,1', '20:00,MechVent,1', '44:00,MechVent,1');
    expect(
      procedures.map(({ startMs, endMs }) => [startMs, endMs].map((at) => at && (at - ADMISSION_MS) / HOUR_MS)),
    ).toEqual([
      [1, 5],
      [20, 20],
      [44, undefined],
    ]);
  });

  test('what the source never has is unavailable, what it has is covered from admission on', () => {
    const { coverage } = stay();
    expect(coverage.labs).toEqual({ kind: 'covered', sinceMs: ADMISSION_MS, origin: 'dataset' });
    expect([coverage.administrations.kind, coverage.conditions.kind, coverage.notes.kind]).toEqual(
      Array(3).fill('unavailable'),
    );
  });

  test('every parameter name in the dictionary has a unit or describes the stay', () => {
    const known = new Set<string>([...Object.keys(PARAMETER_UNITS), ...STAY_PARAMETERS]);
    expect(concepts.flatMap(({ challenge2012 }) => challenge2012).filter((name) => !known.has(name))).toEqual([]);
  });

  test('rows of parameters that no concept stands for are counted by name', () => {
    const rows = [
      '00:00,Age,54',
      '01:00,HR,80',
      '01:00,MechVent,1',
      '01:00,Cholesterol,99',
      '01:00,Chol\u00ebsterol,99',
    ];
    expect(unmappedParameters(['Time,Parameter,Value', ...rows].join('\n'), 'made up')).toEqual({
      'records: no concept for Cholesterol': 1,
      'records: no concept for Chol\u00ebsterol': 1,
    });
  });

  test('bad call: a line that does not parse is named', () => {
    expect(() => stay('12:99,HR,80')).toThrow('made up: line 3');
    expect(() => stay('01:00,HR,fast')).toThrow('made up: line 3');
    expect(() => recordFromRows('Time;Parameter;Value', 'made up')).toThrow('made up: expected the header');
  });
});
