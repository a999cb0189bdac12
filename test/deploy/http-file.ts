/** One request of a `.http` file and what the file says it is answered with. */
export interface HttpFileRequest {
  readonly title: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expects: { readonly status: number; readonly cards?: number };
}

export interface HttpFileOptions {
  /** In place of the file's own `@name = value`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly nowMs: number;
  readonly newId: () => string;
}

const HOUR_MS = 3_600_000;
const EXPECTS = /^# expects (\d{3})(?:, (\d+) cards?)?$/;

/**
 * Reads the dialect that VS Code's REST Client and Visual Studio share: `###` between requests, `@name = value`, `{{name}}`, `{{$guid}}` and
 * `{{$datetime iso8601 -2 h}}`. Throws for a request without its `# expects` line, and for a name nobody gave.
 */
export function parseHttpFile(text: string, options: HttpFileOptions): readonly HttpFileRequest[] {
  const own = [...text.matchAll(/^@(\w+) = (\S+)$/gm)].map(([, name = '', value = '']) => [name, value] as const);
  const variables = { ...Object.fromEntries(own), ...options.variables };
  const filled = text.replace(/\{\{([^{}]+)\}\}/g, (_whole, name: string) => valueOf(name.trim(), variables, options));
  return filled
    .split(/^(?=###)/m)
    .filter((part) => part.startsWith('###'))
    .map(request);
}

function request(part: string): HttpFileRequest {
  const [head = '', ...rest] = part.split('\n\n');
  const lines = head.split('\n').map((line) => line.trim());
  const title = lines[0]?.replace(/^### /, '') ?? '';
  const expected = lines.map((line) => EXPECTS.exec(line)).find((match) => match !== null);
  if (!expected) throw new Error(`${title}: no '# expects' line`);
  const [start = '', ...headerLines] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const [method = '', url = ''] = start.split(' ');
  const body = rest.join('\n\n').trim();
  return {
    title,
    method,
    url,
    headers: Object.fromEntries(headerLines.map((line) => line.split(': ', 2))) as Record<string, string>,
    ...(body !== '' && { body }),
    expects: { status: Number(expected[1]), ...(expected[2] !== undefined && { cards: Number(expected[2]) }) },
  };
}

function valueOf(name: string, variables: Readonly<Record<string, string>>, { nowMs, newId }: HttpFileOptions): string {
  if (name === '$guid') return newId();
  const time = /^\$datetime iso8601(?: (-?\d+) h)?$/.exec(name);
  if (time) return new Date(nowMs + Number(time[1] ?? 0) * HOUR_MS).toISOString();
  const value = variables[name];
  if (value === undefined) throw new Error(`{{${name}}} is not given`);
  return value;
}
