import { join } from 'node:path';
import { startHapi } from '../kit/hapi/start-hapi.js';
import { EXIT, numberOption, textOption, UsageError, type Command } from './command.js';
import { inPackage } from './package-root.js';
import { untilStopped } from './until-stopped.js';

const HELP = `hemolens hapi start [--port N] [--data FOLDER] [--max-heap MIB]

Builds (once) and starts a real HAPI FHIR R4 server with an H2 database, on 127.0.0.1. For trying and testing, never for production: it asks
for no credentials. Needs Java 17 or newer and Maven; the first build downloads about 270 MB, a start takes half a minute or more.

  --port      port to listen on (default 8080; 0: any free one)
  --data      folder that keeps the database (default: in memory, gone when the server stops)
  --max-heap  heap of the server in MiB (default 1024)

Prints the base URL when the server answers; stops on SIGINT or SIGTERM. Exit code 1: it did not start; the message says why.`;

const LEAST_HEAP_MIB = 256;

/** `hemolens hapi start` */
export function hapiStartCommand(): Command {
  return {
    name: 'hapi start',
    summary: 'a real HAPI FHIR R4 server, to try by hand',
    help: HELP,
    options: { port: { type: 'string' }, data: { type: 'string' }, 'max-heap': { type: 'string' } },
    async run(args, terminal) {
      const databaseFolder = textOption(args, 'data');
      const maxHeapMb = numberOption(args, 'max-heap', 1024);
      if (maxHeapMb < LEAST_HEAP_MIB)
        throw new UsageError(`--max-heap ${maxHeapMb}: HAPI needs at least ${LEAST_HEAP_MIB} MiB`);
      const port = numberOption(args, 'port', 8080);
      if (port > 65_535) throw new UsageError(`--port ${port}: ports end at 65535`);
      // A signal before it answers ends this process, and the server ends with it.
      const hapi = await startHapi({
        port,
        maxHeapMb,
        serverFolder: inPackage(join('test', 'hapi', 'server')),
        ...(databaseFolder !== undefined && { databaseFolder }),
        onProgress: (text) => terminal.err(text),
      });
      terminal.out(hapi.baseUrl);
      terminal.err(`HAPI FHIR R4 answers after ${(hapi.bootMs / 1000).toFixed(1)} s; Ctrl-C stops it`);
      const hasEnded = await Promise.race([untilStopped().then(() => false), hapi.ended.then(() => true)]);
      if (hasEnded) {
        terminal.err(`HAPI ended by itself; the last lines of its log:\n${hapi.log()}`);
        return EXIT.fault;
      }
      await hapi.stop();
      return EXIT.ok;
    },
  };
}
