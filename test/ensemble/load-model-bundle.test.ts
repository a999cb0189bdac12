import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelBundle } from '../../src/ensemble/load-model-bundle.js';

const SHIPPED = 'models/icu-baseline';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hemolens-bundle-'));
  cpSync(SHIPPED, folder, { recursive: true });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

type Json = Record<string, unknown>;

function edit(file: string, change: (content: Json) => unknown): void {
  const path = join(folder, file);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as Json)));
}

/** Writes the file's new sha256 into the manifest, so that the next check is reached. */
function relist(file: string): void {
  const bytes = readFileSync(join(folder, file));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  edit('manifest.json', (manifest) => ({
    ...manifest,
    files: { ...(manifest['files'] as Json), [file]: { sha256, bytes: bytes.length } },
    ...(file === 'feature-spec.json' ? { featureSpecSha256: sha256 } : {}),
  }));
}

describe('a model bundle is verified before anything listens', () => {
  test('the shipped bundle loads and says who it is', async () => {
    const { identity, spec, manifest } = await loadModelBundle(SHIPPED);
    expect(identity).toMatchObject({ id: 'icu-baseline', version: '1.0.0' });
    expect(identity.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(manifest.population.icuOnly).toBe(true);
    const concepts = new Set(spec.states);
    for (const unseen of ['hb', 'inr', 'ptt', 'nee', 'comorbidity']) expect(concepts).not.toContain(unseen);
    expect(concepts).toContain('hct');
  });

  const cases: readonly (readonly [string, () => void, RegExp])[] = [
    ['a file that is gone', () => unlinkSync(join(folder, 'gbm.onnx')), /gbm\.onnx: expected in the bundle/],
    [
      'a file that was changed',
      () => edit('stack.json', (s) => ({ ...s, note: 1 })),
      /stack\.json: expected sha256 [0-9a-f]{64}, found/,
    ],
    [
      'a file that is not listed',
      () => writeFileSync(join(folder, 'extra.json'), '{}'),
      /extra\.json: expected every file listed/,
    ],
    [
      'a manifest that is not JSON',
      () => writeFileSync(join(folder, 'manifest.json'), '{'),
      /manifest\.json: expected JSON/,
    ],
    [
      'a manifest without learners',
      () => edit('manifest.json', (m) => ({ ...m, baseLearners: [] })),
      /manifest\.json: \/baseLearners/,
    ],
    [
      'a manifest that reaches outside its folder',
      () =>
        edit('manifest.json', (m) => ({
          ...m,
          files: { ...(m['files'] as Json), '../x': { sha256: 'a'.repeat(64), bytes: 1 } },
        })),
      /expected a path inside the bundle/,
    ],
    [
      'another feature spec hash',
      () => edit('manifest.json', (m) => ({ ...m, featureSpecSha256: 'a'.repeat(64) })),
      /feature-spec\.json: expected sha256 a{64}, found/,
    ],
    [
      'an input of another type',
      () =>
        edit('manifest.json', (m) => ({
          ...m,
          baseLearners: (m['baseLearners'] as Json[]).map((l) => ({
            ...l,
            inputs: [{ name: 'tabular', type: 'int64', shape: [null, 322] }],
          })),
        })),
      /gbm\.onnx: inputs expected tabular:int64\[N,322\].*found tabular:float32\[N,322\]/,
    ],
    [
      'a feature spec with its columns in another order',
      () => {
        edit('feature-spec.json', (s) => ({ ...s, tabular: [...(s['tabular'] as unknown[])].reverse() }));
        relist('feature-spec.json');
      },
      /gbm\.json: expected column 0 to be/,
    ],
    [
      'a stack that names an unknown learner',
      () => {
        edit('stack.json', (s) => ({ ...s, patterns: [{ learners: ['net'], intercept: 0, weights: { net: 1 } }] }));
        relist('stack.json');
      },
      /stack\.json: expected base learners among gbm, found net/,
    ],
    [
      'a calibration that does not give the golden probability',
      () => {
        edit('stack.json', (s) => ({ ...s, calibration: { slope: 1.5, intercept: 0 } }));
        relist('stack.json');
      },
      /golden\.json: row 0, calibrated logit: expected/,
    ],
    [
      'trees that are not those of the graph',
      () => {
        edit('gbm.json', (g) => ({
          ...g,
          trees: (g['trees'] as Json[]).map((t, i) =>
            i === 3 ? { ...t, leafValue: (t['leafValue'] as number[]).map((v) => v + 0.01) } : t,
          ),
        }));
        relist('gbm.json');
      },
      /golden\.json: row 0, trees of gbm/,
    ],
  ];

  test.each(cases)('fault: %s is refused by name', async (_title, breakIt, message) => {
    breakIt();
    await expect(loadModelBundle(folder)).rejects.toThrow(message);
  });
});
