import type { AdmissionFact, ChartFacts, IcuStayFact, OrderEvent, SourceTotals } from '../../cohort-source.js';
import { withDeath } from './outcome.js';
import type { ScannedExport, ScannedPatient } from './scan-export.js';
import type { Tally } from './tally.js';
import { offsetMs, wallClock } from './wall-clock.js';

/** The facts of every chart with an order, a transfusion or an ICU stay, ascending by chart id; totals of the whole export. */
export function factsOf(
  scan: Pick<ScannedExport, 'patients' | 'offsets' | 'hasMimic'>,
  tally: Tally,
): { readonly charts: readonly ChartFacts[]; readonly totals: SourceTotals } {
  const { patients } = scan;
  const clockOffsetMs = offsetMs(wallClock(scan));
  const all = [...patients.values()].map((patient) => ({ patient, ...staysOf(patient) }));
  const charts = all
    .filter(
      ({ patient, icuStays }) => patient.orders.length > 0 || patient.transfusions.length > 0 || icuStays.length > 0,
    )
    .map(({ patient, admissions, icuStays, admissionOf, withoutDisposition }): ChartFacts => {
      const { chartId, birthDate, comfortCareMs } = patient;
      return {
        chartId,
        patientId: chartId,
        chartOrder: 0,
        ...(birthDate === undefined ? {} : { birthDate }),
        icuStays,
        transfusions: [...patient.transfusions].sort((a, b) => a.startMs - b.startMs || byText(a.evidence, b.evidence)),
        orders: patient.orders
          .map(({ order, encounterId }): OrderEvent => ({ ...order, admissionId: admissionOf(encounterId) ?? null }))
          .sort((a, b) => a.orderMs - b.orderMs || byText(a.orderId, b.orderId)),
        ...(comfortCareMs === undefined ? {} : { comfortCareMs }),
        ...withDeath({ admissions, withoutDisposition, clockOffsetMs }, patient.death, tally),
      };
    });
  return {
    charts: charts.sort((a, b) => byText(a.chartId, b.chartId)),
    totals: {
      patients: patients.size,
      admissions: all.reduce((sum, { admissions }) => sum + admissions.length, 0),
      icuStays: all.reduce((sum, { icuStays }) => sum + icuStays.length, 0),
    },
  };
}

interface PlacedStays {
  readonly admissions: readonly AdmissionFact[];
  readonly icuStays: readonly IcuStayFact[];
  /** Admissions without a discharge disposition. */
  readonly withoutDisposition: ReadonlySet<string>;
  /** The admission of an Encounter: its own, or that of the one it is part of. */
  readonly admissionOf: (encounterId: string | undefined) => string | undefined;
}

function staysOf({ stays }: ScannedPatient): PlacedStays {
  const admissions = stays
    .flatMap((stay) => stay.admissions)
    .sort((a, b) => a.startMs - b.startMs || byText(a.admissionId, b.admissionId));
  const own = new Map(
    stays.flatMap(({ encounterId, admissions: [first] }) => (first ? [[encounterId, first.admissionId]] : [])),
  );
  const partOf = new Map(
    stays.flatMap(({ encounterId, icuStays: [first] }) => (first?.partOf ? [[encounterId, first.partOf]] : [])),
  );
  const admissionOf = (encounterId: string | undefined): string | undefined =>
    encounterId === undefined ? undefined : (own.get(encounterId) ?? own.get(partOf.get(encounterId) ?? ''));
  const around = (startMs: number): string | undefined =>
    admissions.findLast((one) => one.startMs <= startMs && startMs < (one.endMs ?? Infinity))?.admissionId;
  const icuStays = stays
    .flatMap((stay) => stay.icuStays)
    .map(({ partOf: within, ...stay }): IcuStayFact => ({
      ...stay,
      admissionId: admissionOf(within) ?? around(stay.startMs) ?? '',
    }))
    .sort((a, b) => a.startMs - b.startMs || byText(a.stayId, b.stayId));
  const withoutDisposition = new Set(
    stays
      .filter(({ hasDisposition }) => !hasDisposition)
      .flatMap((stay) => stay.admissions.map(({ admissionId }) => admissionId)),
  );
  return { admissions, icuStays, withoutDisposition, admissionOf };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
