/** Reading of JSON whose shape nobody has promised: a member that is not there is undefined. */

/** The member `name` of a JSON object; undefined where `value` is no object or has no such member. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

/** The text at a member, or undefined where there is none or it is not a text. */
export function textMember(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' ? found : undefined;
}

/** All values at a dotted path (`participant.individual`); lists along the way are opened. */
export function valuesAt(value: unknown, path: string): readonly unknown[] {
  let found: readonly unknown[] = [value];
  for (const name of path.split('.')) {
    found = found.flatMap((parent) => {
      const child = member(parent, name);
      if (child === undefined || child === null) return [];
      return Array.isArray(child) ? (child as readonly unknown[]) : [child];
    });
  }
  return found;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy of an object without some of its members. */
export function without<T extends object, K extends keyof T>(value: T, ...names: K[]): Omit<T, K>;
export function without(value: object, ...names: PropertyKey[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
