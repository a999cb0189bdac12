/** One clinical scope, SMART 1 (`patient/Observation.read`) or SMART 2 (`patient/Observation.rs?category=…`). */
export interface ClinicalScope {
  readonly level: 'patient' | 'user' | 'system';
  /** A resource type, or `*`. */
  readonly resourceType: string;
  readonly mayRead: boolean;
  readonly maySearch: boolean;
  /** Search parameters the scope is narrowed to; undefined: all resources of the type. */
  readonly restriction?: URLSearchParams;
}

export interface WantedAccess {
  /** Which interaction is wanted; without it either one is enough. */
  readonly interaction?: 'read' | 'search';
  /** Code of the category wanted (`laboratory`), for scopes narrowed to a category. */
  readonly category?: string;
}

const CLINICAL = /^(patient|user|system)\/([A-Z][A-Za-z]*|\*)\.(read|write|\*|(?=[cruds])c?r?u?d?s?)(?:\?(.+))?$/;

/** The clinical scopes in an OAuth scope string; all others (`openid`, `launch`, a vendor's own) are left out. */
export function parseScopes(scope: string): readonly ClinicalScope[] {
  return scope.split(/\s+/).flatMap((text) => {
    const [, level, resourceType, permission, query] = CLINICAL.exec(text) ?? [];
    if (resourceType === undefined || permission === undefined) return [];
    if (level !== 'patient' && level !== 'user' && level !== 'system') return [];
    const isVersion1Read = permission === 'read' || permission === '*';
    const isVersion1 = isVersion1Read || permission === 'write';
    return [
      {
        level,
        resourceType,
        mayRead: isVersion1 ? isVersion1Read : permission.includes('r'),
        maySearch: isVersion1 ? isVersion1Read : permission.includes('s'),
        ...(query === undefined ? {} : { restriction: new URLSearchParams(query) }),
      },
    ];
  });
}

/**
 * May resources of this type be read under this scope string? A scope narrowed to something other than the wanted
 * category does not count: what it hides would be taken for "no data".
 * @see requirements 30 and 32; https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 */
export function grantsRead(scope: string, resourceType: string, wanted: WantedAccess = {}): boolean {
  return parseScopes(scope).some((granted) => {
    if (granted.resourceType !== '*' && granted.resourceType !== resourceType) return false;
    return mayInteract(granted, wanted) && covers(granted, wanted);
  });
}

function mayInteract({ mayRead, maySearch }: ClinicalScope, { interaction }: WantedAccess): boolean {
  if (interaction === 'read') return mayRead;
  return interaction === 'search' ? maySearch : mayRead || maySearch;
}

function covers({ restriction }: ClinicalScope, { category }: WantedAccess): boolean {
  if (!restriction) return true;
  const names = [...restriction.keys()];
  const codes = restriction.getAll('category').flatMap((value) => value.split(','));
  return (
    category !== undefined &&
    names.every((name) => name === 'category') &&
    codes.some((token) => token.split('|').at(-1) === category)
  );
}

/** Is any of these scopes limited to one patient? */
export function mentionsPatientScope(scope: string): boolean {
  return parseScopes(scope).some(({ level }) => level === 'patient');
}
