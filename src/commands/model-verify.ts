import { loadModelBundle } from '../ensemble/load-model-bundle.js';
import { EXIT, UsageError, type Command } from './command.js';

const HELP = `hemolens model verify DIR

Loads a model bundle as the service does and verifies all of it: sha256 of every file, the feature spec's hash, the
graphs' inputs, the columns of the trees, the note encoder's files and golden texts, and the golden rows that training wrote.

  DIR     folder of the bundle, for example models/icu-baseline
  --json  one line with the bundle's identity

Exit code 0: verified. 1: refused; the message names the file, what was expected and what was found.`;

/** `hemolens model verify` */
export function modelVerifyCommand(): Command {
  return {
    name: 'model verify',
    summary: 'check a model bundle as the service does at start',
    help: HELP,
    options: { json: { type: 'boolean' } },
    async run({ values, positionals }, terminal) {
      const [directory] = positionals;
      if (directory === undefined || positionals.length > 1) throw new UsageError('give one folder');
      const bundle = await loadModelBundle(directory);
      await bundle.close();
      const { identity, manifest, spec } = bundle;
      if (values['json'] === true) {
        terminal.out(JSON.stringify({ ...identity, columns: spec.tabular.length, verified: true }));
      } else {
        terminal.out(`${identity.title} (${identity.id} ${identity.version}): verified`);
        terminal.out(`  outcome     ${manifest.outcome}`);
        terminal.out(`  population  ${manifest.population.description}`);
        terminal.out(
          `  columns     ${spec.tabular.length}, base learners ${manifest.baseLearners.map(({ id }) => id).join(', ')}`,
        );
        terminal.out(`  manifest    sha256 ${identity.sha256}`);
      }
      return EXIT.ok;
    },
  };
}
