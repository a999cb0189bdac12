import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DONE } from '../cohort/build/build-folder.js';
import type { DatasetCard } from '../cohort/dataset-card.js';
import { ServiceError } from '../errors/service-error.js';
import { EXIT, hasFlag, UsageError, type Command } from './command.js';

const HELP = `hemolens cohort describe DIR [--json]

Says what a training set holds: source, index, who was left out and why, events by selection and split, what is missing, what was
rejected, and which leakage guards looked how often.

  --json  the dataset card as JSON, whole

Exit code 1: not a finished dataset.`;

/** `hemolens cohort describe` */
export function cohortDescribeCommand(): Command {
  return {
    name: 'cohort describe',
    summary: 'say what a training set holds',
    help: HELP,
    options: { json: { type: 'boolean' } },
    async run(args, terminal) {
      const [folder] = args.positionals;
      if (folder === undefined) throw new UsageError('name the folder of the dataset');
      if (!existsSync(join(folder, DONE))) {
        throw new ServiceError('ERR_DATASET', { detail: `${folder} is not a finished dataset (no ${DONE})` });
      }
      const file = hasFlag(args, 'json') ? 'dataset-card.json' : 'dataset-card.md';
      const content = await readFile(join(folder, file), 'utf8');
      terminal.out(hasFlag(args, 'json') ? JSON.stringify(JSON.parse(content) as DatasetCard) : content.trimEnd());
      return EXIT.ok;
    },
  };
}
