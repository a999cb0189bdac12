/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals: `RUN`. */
  readonly keyword: string;
  /** `--from=build` as `from: build`; `--init` as `init: ''`. */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags, on one line. */
  readonly text: string;
  /** The words, where it is written in exec form (a JSON array). */
  readonly exec?: readonly string[];
  /** Counted from 1. */
  readonly line: number;
}

export interface Stage {
  readonly name: string | undefined;
  readonly image: string;
  readonly line: number;
  /** All but FROM, in their order. */
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile. Throws for an instruction before the first FROM: ours have none (no ARG decides an image here). */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { name: string | undefined; image: string; line: number; instructions: Instruction[] }[] = [];
  for (const instruction of instructions(text)) {
    if (instruction.keyword === 'FROM') {
      const [image = '', as, name] = instruction.text.split(/\s+/);
      stages.push({
        image,
        name: as?.toUpperCase() === 'AS' ? name : undefined,
        line: instruction.line,
        instructions: [],
      });
      continue;
    }
    const stage = stages.at(-1);
    if (!stage) throw new Error(`line ${instruction.line}: ${instruction.keyword} before FROM`);
    stage.instructions.push(instruction);
  }
  if (stages.length === 0) throw new Error('no FROM');
  return stages;
}

/** Splits what COPY, ADD and the words of a line are made of. */
export function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function instructions(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  let begun: { line: number; parts: string[] } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    // Comments and empty lines are left out within an instruction too.
    if (/^\s*(#|$)/.test(raw)) continue;
    begun ??= { line: index + 1, parts: [] };
    begun.parts.push(raw.trim().replace(/\\$/, '').trim());
    if (raw.trimEnd().endsWith('\\')) continue;
    found.push(instruction(begun.parts.join(' '), begun.line));
    begun = undefined;
  }
  if (begun) throw new Error(`line ${begun.line}: the instruction does not end`);
  return found;
}

function instruction(text: string, line: number): Instruction {
  const [, keyword = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
  const flags: Record<string, string> = {};
  let left = rest;
  for (let flag = /^--([a-z-]+)(?:=(\S+))?\s+/.exec(left); flag; flag = /^--([a-z-]+)(?:=(\S+))?\s+/.exec(left)) {
    flags[flag[1] ?? ''] = flag[2] ?? '';
    left = left.slice(flag[0].length);
  }
  const exec = execForm(keyword.toUpperCase() === 'HEALTHCHECK' ? left.replace(/^CMD\s+/i, '') : left);
  return { keyword: keyword.toUpperCase(), flags, text: left, line, ...(exec && { exec }) };
}

function execForm(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every((word): word is string => typeof word === 'string')
      ? parsed
      : undefined;
  } catch {
    return undefined;
  }
}
