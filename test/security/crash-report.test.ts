import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parseLines } from '../support/test-app.js';

const SCRIPT = fileURLToPath(new URL('./crash-with-patient-data.ts', import.meta.url));
const CANARY = 'CANARYcrash7x';

async function crash(kind: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, kind, CANARY], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: output.join('') };
}

describe('fault: an error that nothing caught ends the process with one line that holds nothing of the chart', () => {
  it.each([
    ['exception', 'exception', 'RangeError'],
    ['rejection', 'rejection', 'RangeError'],
    ['no-error', 'exception', 'object'],
  ])(
    '%s (req. 31)',
    async (kind, said, name) => {
      const { code, output } = await crash(kind);
      expect(code).toBe(1);
      expect(output).not.toContain(CANARY);
      expect(parseLines(output)).toEqual([expect.objectContaining({ event: 'process.crashed', kind: said, name })]);
    },
    60_000,
  );
});
