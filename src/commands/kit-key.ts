import { KEY_ALGORITHMS, makeClientKey } from '../kit/fire/client-key.js';
import { EXIT, requiredOption, textOption, UsageError, type Command } from './command.js';

const HELP = `hemolens kit key --out FILE [--alg ES384|RS384]

Makes a key pair for client tokens: the private key (JWK) in a new FILE that only you can read, the public key set on standard
output. Give the key set to the service under test, or serve it where --jku of \`hemolens kit fire --sign\` points.

  --out   file for the private key; one that is there is never overwritten
  --alg   ES384 (default) or RS384`;

/** `hemolens kit key` */
export function kitKeyCommand(): Command {
  return {
    name: 'kit key',
    summary: 'make a key pair to sign client tokens with',
    help: HELP,
    options: { out: { type: 'string' }, alg: { type: 'string' } },
    async run(args, terminal) {
      const text = textOption(args, 'alg') ?? 'ES384';
      const algorithm = KEY_ALGORITHMS.find((known) => known === text);
      if (algorithm === undefined) throw new UsageError(`--alg ${text} is not known: it is ES384 or RS384`);
      const file = requiredOption(args, 'out');
      const keySet = await makeClientKey(file, algorithm);
      terminal.out(JSON.stringify(keySet, undefined, 2));
      terminal.err(`The private key is in ${file}: keep it to yourself. Above is the public key set for the service.`);
      return EXIT.ok;
    },
  };
}
