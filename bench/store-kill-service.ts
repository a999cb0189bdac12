/** The service on the store of its arguments (JSON of `place`, `keysFile`, `spoolFile`), until it is killed. Prints its URL. */
import { loadConfig } from '../src/config/config.js';
import { silentLog } from '../src/logging/logger.js';
import { startService } from '../src/server.js';
import { openStore, type StorePlace } from '../src/store/open-store.js';

interface Task {
  readonly place: StorePlace;
  readonly keysFile: string;
  readonly spoolFile: string;
}

const { place, keysFile, spoolFile } = JSON.parse(process.argv[2] ?? '') as Task;
const store = await openStore({ place, keysFile, onFailure: { kind: 'spool', file: spoolFile }, log: silentLog });
const config = loadConfig(
  {},
  { mode: 'sandbox', port: 0, logLevel: 'silent', deadlineMs: 10_000, perCallTimeoutMs: 10_000 },
);
const { url } = await startService(config, { store });
process.stdout.write(`${url}\n`);
