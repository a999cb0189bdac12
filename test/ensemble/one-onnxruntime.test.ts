import { describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const ROOT = resolve('.');

function packageJson(folder: string): { version: string; name: string; dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as ReturnType<typeof packageJson>;
}

describe('one ONNX Runtime in the process (ADR 0002, 0003)', () => {
  const transformers = join(ROOT, 'node_modules/@xenova/transformers');

  test('@xenova/transformers is its maintained successor under the known name', () => {
    expect(packageJson(transformers).name).toBe('@huggingface/transformers');
  });

  test('the version pinned here is the one the transformers package asks for', () => {
    const asked = packageJson(transformers).dependencies?.['onnxruntime-node'];
    expect(packageJson(ROOT).dependencies?.['onnxruntime-node']).toBe(asked);
  });

  test('both resolve to one installed copy', () => {
    const ours = createRequire(join(ROOT, 'package.json')).resolve('onnxruntime-node');
    const theirs = createRequire(join(transformers, 'package.json')).resolve('onnxruntime-node');
    expect(theirs).toBe(ours);
  });

  test('its CPU binary came with the package: nothing is fetched at install', () => {
    const binaries = join(ROOT, 'node_modules/onnxruntime-node/bin/napi-v6', process.platform, process.arch);
    expect(readdirSync(binaries).some((name) => name.endsWith('.node'))).toBe(true);
    expect(readFileSync(join(ROOT, '.npmrc'), 'utf8')).toContain('ignore-scripts=true');
  });
});
