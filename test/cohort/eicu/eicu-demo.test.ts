import { describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkFiling } from '../../../src/cohort/guards/check-filing.js';
import { episodesOf } from '../../../src/cohort/plan/episodes.js';
import { openEicu } from '../../../src/cohort/sources/eicu/open-eicu.js';
import { readStagedEicu } from '../../../src/cohort/sources/eicu/staged-shard.js';

const DEMO = fileURLToPath(new URL('../../../../shared/data/eicu-demo-2.0.1', import.meta.url));
const isThere = existsSync(DEMO);
if (!isThere) console.warn('the eICU demo is not on this machine: its tests are skipped');

(isThere ? describe : describe.skip)('the eICU demo', () => {
  test('has 1,200 transfusion events of 261 patients in 297 unit stays of 139 hospitals', async () => {
    const source = await openEicu(DEMO);
    const { charts, totals } = await source.facts();
    expect(totals).toEqual({ patients: 1841, admissions: 2174, icuStays: 2520 });
    const transfused = charts.filter(({ transfusions }) => transfusions.length > 0);
    const events = charts.flatMap(({ transfusions }) => transfusions);
    const ofTable = (table: string): number => events.filter(({ evidence }) => evidence.startsWith(`${table}/`)).length;
    expect(new Set(transfused.map(({ patientId }) => patientId)).size).toBe(261);
    expect(transfused).toHaveLength(278);
    expect(new Set(transfused.map(({ hospital }) => hospital)).size).toBe(139);
    expect(ofTable('intakeOutput')).toBe(690);
    // 36 rows name red cells; 13 of them say that the pump stands still.
    expect(ofTable('infusiondrug')).toBe(23);
    expect(ofTable('treatment')).toBe(487);
    const rule = { kind: 'admin-start', gapHours: 24, landmarkHours: [24] } as const;
    expect(charts.flatMap((chart) => episodesOf(chart, rule).episodes)).toHaveLength(376);
    source.close();
  });

  test('every fact of a staged shard stands in the ledger and is not known before it was filed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'eicu-staged-'));
    const source = await openEicu(DEMO);
    const { charts } = await source.facts();
    const wanted = charts
      .filter(({ transfusions }) => transfusions.length > 3)
      .slice(0, 5)
      .map(({ chartId, transfusions }) => ({
        chartId,
        shard: 2,
        indexMs: transfusions.map(({ startMs }) => startMs),
      }));
    const report = await source.stage({ wanted, folder });
    source.close();
    expect(report.rows['patient']).toBeGreaterThanOrEqual(5);
    const read: string[] = [];
    for await (const chart of readStagedEicu(folder, 2)) {
      read.push(chart.chartId);
      expect(() => {
        checkFiling(chart, new Map());
      }).not.toThrow();
      const blood = new Set(chart.record.administrations.filter(({ kind }) => kind === 'blood').map((b) => b.evidence));
      const events = charts.find(({ chartId }) => chartId === chart.chartId)?.transfusions ?? [];
      expect(events.every(({ evidence }) => blood.has(evidence))).toBe(true);
      expect(chart.record.values.length).toBeGreaterThan(0);
    }
    expect(read).toEqual(wanted.map(({ chartId }) => chartId).sort());
    rmSync(folder, { recursive: true });
  });
});
