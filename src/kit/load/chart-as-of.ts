import type { Encounter, FhirResource } from 'fhir/r4.js';
import { latestInstantMs } from '../../record/fhir-time.js';
import { asItStood, availability, type ChartContext } from '../../sandbox/as-of.js';
import { localReference } from '../../sandbox/index-resource.js';
import { valuesAt } from '../../sandbox/resource-json.js';

/**
 * A chart as it stood at `atMs`: without what came later, running things in progress, nobody dead. The same as a sandbox serves
 * whose chart clock stands there.
 */
export function chartAsOf(resources: readonly FhirResource[], atMs: number): readonly FhirResource[] {
  const context = contextOf(resources);
  const filedBinaries = binariesFiled(resources, atMs);
  return resources.flatMap((resource) => {
    if (resource.resourceType === 'Binary') return filedBinaries(`Binary/${resource.id ?? ''}`) ? [resource] : [];
    return asItStood(resource, atMs, context) ?? [];
  });
}

/** Ends of the encounters among the resources, with whatever they are part of; a circle ends after a few levels. */
function contextOf(resources: readonly FhirResource[]): ChartContext {
  const encounters = new Map<string, Encounter>();
  for (const resource of resources) {
    if (resource.resourceType === 'Encounter') encounters.set(`Encounter/${resource.id ?? ''}`, resource);
  }
  const endMs = (reference: string, level: number): number | undefined => {
    const encounter = encounters.get(localReference(reference));
    if (!encounter || level > 5) return undefined;
    const parent = encounter.partOf?.reference;
    const own = latestInstantMs(encounter.period?.end) ?? Infinity;
    return Math.max(own, parent === undefined ? -Infinity : (endMs(parent, level + 1) ?? -Infinity));
  };
  return { encounterEndMs: (reference) => endMs(reference, 0) };
}

/** A Binary is there once a document that holds it is; one that no document holds always is. */
function binariesFiled(resources: readonly FhirResource[], atMs: number): (reference: string) => boolean {
  const firstMs = new Map<string, number>();
  for (const resource of resources) {
    if (resource.resourceType !== 'DocumentReference') continue;
    const { fromMs } = availability(resource);
    for (const url of valuesAt(resource, 'content.attachment.url')) {
      if (typeof url !== 'string') continue;
      const binary = localReference(url);
      firstMs.set(binary, Math.min(firstMs.get(binary) ?? Infinity, fromMs));
    }
  }
  return (reference) => (firstMs.get(reference) ?? -Infinity) <= atMs;
}
