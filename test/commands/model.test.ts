import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CommandArguments, Terminal } from '../../src/commands/command.js';
import { modelDescribeCommand } from '../../src/commands/model-describe.js';
import { modelVerifyCommand } from '../../src/commands/model-verify.js';
import { removeTinyEnsemble, writeTinyEnsemble } from '../support/tiny-ensemble.js';

let folder: string;
beforeAll(async () => {
  folder = await writeTinyEnsemble();
});
afterAll(async () => removeTinyEnsemble(folder));

async function printed(
  command: ReturnType<typeof modelVerifyCommand>,
  directory: string,
  values: CommandArguments['values'] = {},
): Promise<string> {
  const lines: string[] = [];
  const terminal: Terminal = { out: (text) => lines.push(text), err: () => undefined, progress: () => undefined };
  expect(await command.run({ values, positionals: [directory] }, terminal)).toBe(0);
  return lines.join('\n');
}

describe('hemolens model', () => {
  test('describe says what an ensemble is made of', async () => {
    const text = await printed(modelDescribeCommand(), folder);
    expect(text).toContain('  gbm        lightgbm, reads tabular (tabular)');
    expect(text).toContain('  text       network, reads notes (note_vector, notes_present)');
    expect(text).toContain('gbm 0.800  text 0.000  fusion 0.250  intercept 0.020');
    expect(text).toContain(
      'note encoder: tiny-encoder (one random layer, none, 8 numbers a text of at most 30 word pieces)',
    );
    expect(text).toContain('random numbers: 1 rows, 1 events');
  });

  test('describe --json is one line for machines', async () => {
    const line = await printed(modelDescribeCommand(), folder, { json: true });
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({
      id: 'tiny-ensemble',
      bundleVersion: 2,
      baseLearners: [{ id: 'gbm' }, { id: 'series' }, { id: 'text' }, { id: 'fusion', requires: [] }],
      stack: { references: { gbm: -0.2 } },
      noteEncoder: { id: 'tiny-encoder', pooling: { halfLifeHours: 24 } },
      training: { seeds: [1, 2] },
    });
  });

  test('both take a bundle of version 1', async () => {
    expect(await printed(modelVerifyCommand(), 'models/icu-baseline')).toContain('verified');
    expect(await printed(modelDescribeCommand(), 'models/icu-baseline')).toContain('note encoder: none');
  });
});
