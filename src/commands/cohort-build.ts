import { buildDataset, DATASET_SOURCES, type DatasetSource } from '../cohort/build-dataset.js';
import { EXIT, requiredOption, UsageError, type Command } from './command.js';

const HELP = `hemolens cohort build --source ${DATASET_SOURCES.join('|')} --path DIR --out DIR

Builds a training set through the same feature mapping that serves: tabular.parquet, feature-spec.json, columns.json,
dataset-card.json and, last, DONE. The same files give the same bytes.

  --source  dataset layout
  --path    folder of the published files (read, never written)
  --out     folder to make; refused when it exists

Exit code 1: a file is missing or does not fit its layout; the message names it.`;

/** `hemolens cohort build` */
export function cohortBuildCommand(): Command {
  return {
    name: 'cohort build',
    summary: 'build a training set',
    help: HELP,
    options: { source: { type: 'string' }, path: { type: 'string' }, out: { type: 'string' } },
    async run(args, terminal) {
      const source = requiredOption(args, 'source');
      if (!isSource(source)) throw new UsageError(`--source is one of ${DATASET_SOURCES.join(', ')}`);
      const startedMs = performance.now();
      const card = await buildDataset({
        source,
        path: requiredOption(args, 'path'),
        out: requiredOption(args, 'out'),
        onProgress: (stays) => {
          if (stays % 100 !== 0) return;
          const rate = Math.round((stays / (performance.now() - startedMs)) * 1000);
          terminal.progress(`${stays} stays, ${rate} a second`);
        },
      });
      terminal.progress('');
      terminal.out(JSON.stringify(card, null, 2));
      return EXIT.ok;
    },
  };
}

function isSource(text: string): text is DatasetSource {
  return (DATASET_SOURCES as readonly string[]).includes(text);
}
