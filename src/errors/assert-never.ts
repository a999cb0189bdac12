/** Marks a branch the compiler has shown to be unreachable; throws if a value from outside the types gets there. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
