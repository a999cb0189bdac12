import { child, children, text, type Element } from '../../../record/element.js';
import { isIntensiveCare } from '../../../record/encounters.js';
import { copyOf, startCopies } from './copies.js';
import type { ExportFile } from './export-files.js';
import { forEachResource } from './export-lines.js';
import { fhirId, referredId } from './identity.js';

/** The Locations of an export that are intensive care units, by id, with no more than what says so. */
export type IcuLocations = ReadonlyMap<string, Element>;

const NAMED_LOCATION = /Location[^/]*$/i;

/**
 * The intensive care units in the files that are named for Locations. They are read before all else: an Encounter says where a
 * patient was by reference, and may stand before its Location. Throws ERR_DATASET for two Locations of one id that differ.
 */
export async function readIcuLocations(files: readonly ExportFile[]): Promise<IcuLocations> {
  const found = new Map<string, Element>();
  const copies = startCopies();
  await forEachResource(
    files.filter(({ name }) => NAMED_LOCATION.test(name)),
    (exported) => {
      const { resource, type } = exported;
      const id = fhirId(resource);
      if (type !== 'Location' || id === undefined || !copies.isFirst(copyOf(exported))) return;
      if (!isIntensiveCare(resource)) return;
      found.set(id, { resourceType: type, id, type: resource['type'], physicalType: resource['physicalType'] });
    },
  );
  return found;
}

/**
 * An Encounter with the intensive care units it refers to contained in it, which is how the reader of the record finds them: a
 * chart has no Locations of its own. Everything else is returned as it is.
 */
export function withIcuLocations(resource: Element, locations: IcuLocations): Element {
  if (resource['resourceType'] !== 'Encounter' || locations.size === 0) return resource;
  const contained = new Map<string, Element>();
  const location = children(resource, 'location').map((part) => {
    const reference = child(part, 'location');
    const id = referredId(reference, 'Location') ?? '';
    const place = locations.get(id);
    if (!place) return part;
    contained.set(id, place);
    return { ...part, location: { ...reference, reference: `#${id}` } };
  });
  if (contained.size === 0) return resource;
  return { ...resource, contained: [...contained.values(), ...children(resource, 'contained')], location };
}

/** Is it an intensive care unit that no Encounter can be given, since no file named for Locations has it? */
export function isMissedUnit(resource: Element, locations: IcuLocations): boolean {
  return isIntensiveCare(resource) && !locations.has(text(resource, 'id') ?? '');
}
