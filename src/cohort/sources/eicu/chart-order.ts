import type { Row } from './eicu-layout.js';

/**
 * Place of each hospital stay among its patient's: by year of discharge, then by id. eICU has no dates: it does not tell the
 * true order inside a year, and ids are random.
 */
export function chartOrders(stays: ReadonlyMap<string, readonly Row[]>): ReadonlyMap<string, number> {
  const ofPatient = new Map<string, { chartId: string; year: number; id: number }[]>();
  for (const [chartId, [row]] of stays) {
    const patient = row?.['uniquepid'] ?? '';
    const year = Number(row?.['hospitaldischargeyear'] ?? NaN);
    const id = Number(row?.['patienthealthsystemstayid'] ?? NaN);
    ofPatient.set(patient, [
      ...(ofPatient.get(patient) ?? []),
      { chartId, year: year || Infinity, id: id || Infinity },
    ]);
  }
  return new Map(
    [...ofPatient.values()].flatMap((own) =>
      own
        .sort((a, b) => compare(a.year, b.year) || compare(a.id, b.id) || (a.chartId < b.chartId ? -1 : 1))
        .map(({ chartId }, place): [string, number] => [chartId, place]),
    ),
  );
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
