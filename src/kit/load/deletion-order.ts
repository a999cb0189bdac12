/** Types that others refer to, the most referred to last; a type that is not here refers to them and goes first. */
const REFERRED_TO = [
  'Condition',
  'Procedure',
  'Binary',
  'Specimen',
  'MedicationRequest',
  'ServiceRequest',
  'Encounter',
  'Medication',
  'Patient',
  'PractitionerRole',
  'Practitioner',
  'Location',
  'Organization',
];

/** `Type/id`s so that what refers to others comes first. `loaded` is in the order of a load, where it comes last. */
export function inDeletionOrder(loaded: readonly string[]): readonly string[] {
  return [...loaded].reverse().sort((a, b) => rank(a) - rank(b));
}

function rank(reference: string): number {
  return REFERRED_TO.indexOf(typeOf(reference));
}

/** Parts a list so that no part is longer than `size` or holds two types: servers differ in whether a transaction sees its own deletions. */
export function deletionChunks(references: readonly string[], size: number): readonly (readonly string[])[] {
  const chunks: string[][] = [];
  for (const reference of references) {
    const chunk = chunks.at(-1);
    if (chunk && chunk.length < size && typeOf(chunk[0] ?? '') === typeOf(reference)) chunk.push(reference);
    else chunks.push([reference]);
  }
  return chunks;
}

function typeOf(reference: string): string {
  return reference.split('/', 1)[0] ?? '';
}
