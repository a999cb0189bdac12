import { loadModelBundle } from '../ensemble/load-model-bundle.js';
import type { ModelBundle } from '../ensemble/model-bundle.js';
import { EXIT, hasFlag, UsageError, type Command } from './command.js';

const HELP = `hemolens model describe DIR [--json]

Verifies a model bundle as \`hemolens model verify\` does and says what is in it: its base learners with what they read, the weights
of the stack for every set of base learners that can be available, calibration, the note encoder, and what it was trained on.

  DIR     folder of the bundle, for example models/icu-baseline
  --json  one line of JSON

Exit code 1: refused; the message names the file, what was expected and what was found.`;

/** `hemolens model describe` */
export function modelDescribeCommand(): Command {
  return {
    name: 'model describe',
    summary: 'say what a model bundle is made of and from',
    help: HELP,
    options: { json: { type: 'boolean' } },
    async run(args, terminal) {
      const [directory] = args.positionals;
      if (directory === undefined || args.positionals.length > 1) throw new UsageError('give one folder');
      const bundle = await loadModelBundle(directory);
      await bundle.close();
      const description = describe(bundle);
      terminal.out(hasFlag(args, 'json') ? JSON.stringify(description) : inWords(description).join('\n'));
      return EXIT.ok;
    },
  };
}

/** What `--json` prints. */
function describe({ identity, manifest, spec, stack, noteEncoder }: ModelBundle) {
  return {
    ...identity,
    bundleVersion: manifest.bundleVersion,
    outcome: manifest.outcome,
    population: manifest.population,
    featureSpec: { id: spec.id, sha256: manifest.featureSpecSha256, columns: spec.tabular.length },
    baseLearners: manifest.baseLearners.map(({ id, kind, modalities, requires, graph, inputs }) => ({
      id,
      kind,
      modalities,
      requires: requires ?? modalities,
      inputs: inputs.map(({ name }) => name),
      bytes: manifest.files[graph]?.bytes ?? 0,
    })),
    stack: { patterns: stack.patterns, calibration: stack.calibration, references: stack.references ?? {} },
    noteEncoder: noteEncoder && {
      id: noteEncoder.id,
      sha256: noteEncoder.sha256,
      architecture: noteEncoder.architecture,
      quantisation: noteEncoder.quantisation,
      dimension: noteEncoder.dimension,
      maxWordPieces: noteEncoder.maxWordPieces,
      pooling: manifest.noteEncoder?.pooling,
    },
    trainingData: manifest.trainingData,
    training: manifest.training,
    bytes: Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function inWords(description: ReturnType<typeof describe>): readonly string[] {
  const { baseLearners, stack, noteEncoder, trainingData, population } = description;
  return [
    `${description.title} (${description.id} ${description.version})`,
    `  outcome     ${description.outcome}`,
    `  population  ${population.description}, average ${(population.baseRate * 100).toFixed(1)} %`,
    `  manifest    sha256 ${description.sha256}`,
    `  size        ${(description.bytes / 1e6).toFixed(1)} MB`,
    '',
    'base learners:',
    ...baseLearners.map(
      ({ id, kind, modalities, inputs }) =>
        `  ${id.padEnd(10)} ${kind}, reads ${modalities.join(' + ')} (${inputs.join(', ')})`,
    ),
    '',
    'weights of the stack, by the base learners that are available:',
    ...stack.patterns.map(({ weights, intercept }) => {
      const terms = Object.entries(weights).map(([id, weight]) => `${id} ${weight.toFixed(3)}`);
      return `  ${terms.join('  ')}  intercept ${intercept.toFixed(3)}`;
    }),
    `  calibration: slope ${stack.calibration.slope.toFixed(3)}, intercept ${stack.calibration.intercept.toFixed(3)}`,
    '',
    noteEncoder
      ? `note encoder: ${noteEncoder.id} (${noteEncoder.architecture}, ${noteEncoder.quantisation}, ${noteEncoder.dimension} numbers a text of at most ${noteEncoder.maxWordPieces} word pieces)`
      : 'note encoder: none',
    '',
    'trained on:',
    ...trainingData.map(({ source, rows, events }) => `  ${source}: ${rows} rows, ${events} events`),
  ];
}
