import { mergeParts } from '../cohort/build/merge-parts.js';
import { EXIT, requiredOption, UsageError, type Command } from './command.js';

const HELP = `hemolens cohort merge PART PART ... --out DIR

Joins the parts that jobs built with \`hemolens cohort build --shard i/n\` into one dataset: the same bytes as one job would have
made. Parts are read and left as they are.

  --out  folder to make; refused when it exists

Exit code 1: a part is missing, unfinished, doubled, or of another build; the message names it.`;

/** `hemolens cohort merge` */
export function cohortMergeCommand(): Command {
  return {
    name: 'cohort merge',
    summary: 'join the parts of a training set',
    help: HELP,
    options: { out: { type: 'string' } },
    async run(args, terminal) {
      if (args.positionals.length === 0) throw new UsageError('name the folders of the parts');
      const { counts, attrition, tabularSha256 } = await mergeParts(args.positionals, requiredOption(args, 'out'));
      terminal.out(JSON.stringify({ counts, attrition, tabularSha256 }, null, 2));
      return EXIT.ok;
    },
  };
}
