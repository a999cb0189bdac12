import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve('.');

/** Lays out a small tree with this project's rules, runs the checker on it, and returns what it said. */
function cruise(files: Readonly<Record<string, string>>): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hemolens-rules-'));
  try {
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
      cpSync(join(ROOT, name), join(folder, name));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const depcruise = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const run = spawnSync(process.execPath, [depcruise, 'src', '--config', '.dependency-cruiser.cjs'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status: run.status, output: run.stdout + run.stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('who may import whom', () => {
  const cases: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
    [
      'features that import the transport',
      'features-may-import',
      {
        'src/http/a.ts': 'export const a = 1;',
        'src/features/b.ts': "import { a } from '../http/a.js'; export const b = a;",
      },
    ],
    [
      'features that touch the file system',
      'features-are-pure',
      { 'src/features/b.ts': "import { readFileSync } from 'node:fs'; export const b = readFileSync;" },
    ],
    [
      'a second user of onnxruntime-node',
      'onnxruntimenode-only-in-its-room',
      { 'src/cards/b.ts': "import { Tensor } from 'onnxruntime-node'; export const b = Tensor;" },
    ],
    [
      'cards that run the ensemble',
      'cards-uses-types-of',
      {
        'src/ensemble/a.ts': 'export const a = 1;',
        'src/cards/b.ts': "import { a } from '../ensemble/a.js'; export const b = a;",
      },
    ],
    [
      'a room that imports the entry point',
      'entry-points-are-not-imported',
      {
        'src/server.ts': 'export const a = 1;',
        'src/replay/b.ts': "import { a } from '../server.js'; export const b = a;",
      },
    ],
    [
      'two rooms that import each other',
      'no-cycles',
      {
        'src/features/a.ts': "import { b } from './b.js'; export const a = (): number => b();",
        'src/features/b.ts': "import { a } from './a.js'; export const b = (): number => a();",
      },
    ],
  ];

  test.each(cases)('refuses %s', (_title, rule, files) => {
    const { status, output } = cruise(files);
    expect(output).toContain(rule);
    expect(status).not.toBe(0);
  });

  test('lets a room import what the table allows', () => {
    const { status, output } = cruise({
      'src/errors/a.ts': 'export const a = 1;',
      'src/features/b.ts': "import { a } from '../errors/a.js'; export const b = a;",
    });
    expect(output).toContain('no dependency violations');
    expect(status).toBe(0);
  });
});
