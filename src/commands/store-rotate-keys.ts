import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { addKey } from '../store/keys/key-file.js';
import { EXIT, textOption, type Command } from './command.js';
import { configuredKeysFile } from './store-admin.js';

const HELP = `hemolens store rotate-keys [--file FILE]

Adds a fresh key to the pseudonym key file, or makes the file, mode 0600. The newest key writes; what was written under older
ones is still found. A running service takes it up within seconds. Replicas need the same file.

  --file  key file (default HEMOLENS_PSEUDONYM_KEYS_FILE, then the one in HEMOLENS_STORE_DIR)`;

/** `hemolens store rotate-keys` */
export function storeRotateKeysCommand(): Command {
  return {
    name: 'store rotate-keys',
    summary: 'add a key for pseudonyms, or make the key file',
    help: HELP,
    options: { file: { type: 'string' } },
    run(args, terminal) {
      const file = textOption(args, 'file') ?? configuredKeysFile();
      mkdirSync(dirname(resolve(file)), { recursive: true, mode: 0o700 });
      terminal.out(JSON.stringify({ version: addKey(file) }));
      return Promise.resolve(EXIT.ok);
    },
  };
}
