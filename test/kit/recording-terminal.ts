import type { Terminal } from '../../src/commands/command.js';

/** A terminal that keeps what is written to it, line by line. */
export function recordingTerminal(): { readonly terminal: Terminal; readonly out: string[]; readonly err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    progress: () => undefined,
  };
  return { terminal, out, err };
}
