import { parse } from 'yaml';

/** A value of a compose file, as YAML gives it. */
export type Mapping = Readonly<Record<string, unknown>>;

export interface ComposeFile {
  readonly services: Readonly<Record<string, Mapping>>;
  readonly networks: Mapping;
  readonly volumes: Mapping;
  readonly secrets: Mapping;
}

/** Parses a compose file; throws for YAML that is not one. */
export function parseCompose(text: string): ComposeFile {
  const file = mapping(parse(text));
  const services = Object.entries(mapping(file['services'])).map(
    ([name, service]) => [name, mapping(service)] as const,
  );
  return {
    services: Object.fromEntries(services),
    networks: mapping(file['networks']),
    volumes: mapping(file['volumes']),
    secrets: mapping(file['secrets']),
  };
}

/** Merged as `--file a --file b` merges them, as far as our files go: mappings by key, `ports` added, any other list replaced. */
export function mergeCompose(base: ComposeFile, over: ComposeFile): ComposeFile {
  const services = Object.fromEntries(
    [...new Set([...Object.keys(base.services), ...Object.keys(over.services)])].map((name) => {
      const [below, above] = [base.services[name] ?? {}, over.services[name] ?? {}];
      const environment = { ...mapping(below['environment']), ...mapping(above['environment']) };
      const ports = [...list(below['ports']), ...list(above['ports'])];
      return [name, { ...below, ...above, environment, ...(ports.length > 0 && { ports }) }];
    }),
  );
  return {
    services,
    networks: { ...base.networks, ...over.networks },
    volumes: { ...base.volumes, ...over.volumes },
    secrets: { ...base.secrets, ...over.secrets },
  };
}

/** A mapping; nothing is an empty one. Throws for anything else. */
export function mapping(value: unknown): Mapping {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`not a mapping: ${JSON.stringify(value)}`);
  return { ...value };
}

/** The texts of a list; nothing is an empty one. */
export function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
