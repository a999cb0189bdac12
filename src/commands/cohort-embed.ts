import { embedNotes } from '../cohort/embed/embed-notes.js';
import { EXIT, numberOption, requiredOption, textOption, UsageError, type Command } from './command.js';

const HELP = `hemolens cohort embed --dataset DIR --encoder DIR [--out DIR] [--workers N]

Writes the note vector of every episode of a finished training set that has notes, by the code that serves: note-vectors.parquet,
note-vectors.json, and DONE last. The same notes and encoder give the same bytes. A run that was cut short goes on where it
stopped when it is called again.

  --dataset  folder of the training set (\`hemolens cohort build\`)
  --encoder  folder of the note encoder, for example models/encoders/minilm-l6-int8
  --out      folder to make (default embeddings/<encoder> inside the dataset); a finished one is never overwritten
  --workers  threads that embed (default 1)

Exit code 1: not a finished dataset, or an encoder whose files or golden texts disagree; the message names it.`;

/** `hemolens cohort embed` */
export function cohortEmbedCommand(): Command {
  return {
    name: 'cohort embed',
    summary: 'embed the notes of a training set',
    help: HELP,
    options: {
      dataset: { type: 'string' },
      encoder: { type: 'string' },
      out: { type: 'string' },
      workers: { type: 'string' },
    },
    async run(args, terminal) {
      const out = textOption(args, 'out');
      const workers = textOption(args, 'workers') === undefined ? 1 : numberOption(args, 'workers', 1);
      if (workers < 1) throw new UsageError('--workers needs a whole number, 1 or more');
      const startedMs = performance.now();
      let before: number | undefined;
      const description = await embedNotes({
        dataset: requiredOption(args, 'dataset'),
        encoder: requiredOption(args, 'encoder'),
        ...(out === undefined ? {} : { out }),
        workers,
        onProgress: (texts, of) => {
          before ??= texts;
          const rate = (texts - before) / ((performance.now() - startedMs) / 1000);
          const left = rate > 0 ? `, ${Math.ceil((of - texts) / rate)} s left` : '';
          terminal.progress(`${texts} of ${of} texts, ${rate.toFixed(1)} a second${left}`);
        },
      });
      terminal.progress('');
      terminal.out(JSON.stringify(description, null, 2));
      return EXIT.ok;
    },
  };
}
