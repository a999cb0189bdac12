import { readFile } from 'node:fs/promises';
import type { StageReport } from '../cohort-source.js';
import { writeAtomically } from './build-folder.js';

interface SavedStageReport extends Omit<StageReport, 'comfortCareMs'> {
  readonly comfortCareMs: readonly (readonly [string, number])[];
}

/** Keeps the report of a finished staging; its presence says that the staging is complete. */
export async function saveStageReport(path: string, report: StageReport): Promise<void> {
  const saved: SavedStageReport = { ...report, comfortCareMs: [...(report.comfortCareMs ?? [])] };
  await writeAtomically(path, JSON.stringify(saved));
}

/** Reads back what `saveStageReport` wrote. */
export async function loadStageReport(path: string): Promise<StageReport> {
  const saved = JSON.parse(await readFile(path, 'utf8')) as SavedStageReport;
  return { ...saved, comfortCareMs: new Map(saved.comfortCareMs) };
}

/** The stagings of several parts as one. */
export function sumStageReports(reports: readonly StageReport[]): StageReport {
  const sum = (
    pick: (report: StageReport) => Readonly<Record<string, number>>,
    join: (a: number, b: number) => number,
  ) => {
    const total: Record<string, number> = {};
    for (const report of reports) {
      for (const [key, n] of Object.entries(pick(report)))
        total[key] = total[key] === undefined ? n : join(total[key], n);
    }
    return total;
  };
  return {
    rows: sum(
      ({ rows }) => rows,
      (a, b) => a + b,
    ),
    // Every part reads all facts: the same rows are left out in each.
    rejections: sum(({ rejections }) => rejections, Math.max),
    rejectionsOfWanted: sum(
      ({ rejectionsOfWanted = {} }) => rejectionsOfWanted,
      (a, b) => a + b,
    ),
    comfortCareMs: new Map(reports.flatMap(({ comfortCareMs }) => [...(comfortCareMs ?? [])])),
  };
}
