import type { FhirResource } from 'fhir/r4.js';
import type { SourceKey } from '../concepts/concept.js';
import type { SourceCoverage, UnavailableReason } from './patient-record.js';

/** What one template (prefetched, queried, or both) brought. */
export interface ChartSource {
  readonly coverage: SourceCoverage;
  readonly resources: readonly FhirResource[];
}

/** The text behind an attachment, resolved inline or by `Binary`; `refused` where its type is not readable. */
export type AttachmentText =
  | { readonly kind: 'text'; readonly contentType: string; readonly text: string }
  | { readonly kind: 'refused'; readonly contentType: string }
  | { readonly kind: 'failed'; readonly reason: UnavailableReason }
  /** Its security label restricts it; not read. */
  | { readonly kind: 'withheld' };

/** A patient's chart as FHIR resources, before it becomes a PatientRecord. */
export interface ChartResources {
  readonly patientId: string;
  readonly sources: Readonly<Record<SourceKey, ChartSource>>;
  /** Attachment text by DocumentReference id. */
  readonly attachments: ReadonlyMap<string, AttachmentText>;
  /** Resources of other patients, dropped (requirement 28). */
  readonly foreignResources: number;
}
