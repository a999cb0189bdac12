/**
 * Paths of all members that are null, `""`, `[]` or `{}`; none when every member has a value.
 * `exceptions` are paths that may be an empty array (`cards`, `services`).
 * @see requirement 2
 */
export function emptyMembers(value: unknown, exceptions: readonly string[] = []): readonly string[] {
  const found: string[] = [];
  const visit = (member: unknown, path: string): void => {
    if (isEmpty(member)) {
      if (!(Array.isArray(member) && exceptions.includes(path))) found.push(path === '' ? '$this' : path);
    } else if (Array.isArray(member)) {
      member.forEach((item: unknown, index) => visit(item, `${path}[${index}]`));
    } else if (typeof member === 'object' && member !== null) {
      for (const [name, inner] of Object.entries(member)) visit(inner, path === '' ? name : `${path}.${name}`);
    }
  };
  visit(value, '');
  return found;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
