import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';

function hemolens(line: string): { readonly status: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', `node dist/cli.js ${line}`], {
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

describe('the hemolens command', () => {
  test('lists its commands with --help, and names the one it does not know', () => {
    const help = hemolens('--help');
    expect(help).toMatchObject({ status: 0, err: '' });
    expect(help.out).toContain('hemolens serve');
    expect(hemolens('serv')).toMatchObject({ status: 2, out: '' });
  });

  test('bad call: an option that is not there, a half of a command and a missing argument exit with 2 and say which', () => {
    expect(hemolens('serve --prot 1')).toMatchObject({ status: 2, err: expect.stringContaining('--prot') });
    expect(hemolens('model')).toMatchObject({ status: 2, err: expect.stringContaining('model verify') });
    expect(hemolens('assess')).toMatchObject({ status: 2, err: expect.stringContaining('give one request file') });
  });

  test('fault: what cannot be done exits with 1 and a sentence, not a stack', () => {
    const { status, err } = hemolens('model verify no-such-folder');
    expect(status).toBe(1);
    expect(err).toMatch(/^hemolens model verify: manifest.json.+ERR_MODEL_BUNDLE/);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('a reader that closes the pipe early is no fault', () => {
    expect(hemolens('--help | true')).toMatchObject({ status: 0, err: '' });
  });
});
