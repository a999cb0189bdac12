/** A JSON object whose members are not known yet: how resources are read, since charts do not always fit the standard. */
export type Element = Readonly<Record<string, unknown>>;

export function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at `name`; undefined where there is none. */
export function child(element: Element | undefined, name: string): Element | undefined {
  const value = element?.[name];
  return isElement(value) ? value : undefined;
}

/** The objects in the array at `name`; whatever else is in it is left out. */
export function children(element: Element | undefined, name: string): readonly Element[] {
  const value = element?.[name];
  return Array.isArray(value) ? value.filter(isElement) : [];
}

/** The text at `name`; undefined where there is none or only blanks. */
export function text(element: Element | undefined, name: string): string | undefined {
  const value = element?.[name];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** The finite number at `name`. */
export function number(element: Element | undefined, name: string): number | undefined {
  const value = element?.[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export interface CodedValue {
  readonly system: string;
  readonly code: string;
}

/** The codings of the CodeableConcept at `name` that have a system and a code. */
export function codings(element: Element | undefined, name: string): readonly CodedValue[] {
  return codingsOf(child(element, name));
}

/** The same of a CodeableConcept already at hand. */
export function codingsOf(concept: Element | undefined): readonly CodedValue[] {
  return children(concept, 'coding').flatMap((coding) => {
    const system = text(coding, 'system');
    const code = text(coding, 'code');
    return system === undefined || code === undefined ? [] : [{ system, code }];
  });
}

/** `Observation/123`; the type alone where a resource has no id. */
export function referenceTo(resource: Element): string {
  const type = text(resource, 'resourceType') ?? 'Resource';
  const id = text(resource, 'id');
  return id === undefined ? type : `${type}/${id}`;
}
