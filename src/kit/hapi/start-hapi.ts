import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { resolve as absolute } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../../errors/service-error.js';
import { buildHapi } from './build-hapi.js';
import { javaAndMaven, type JavaAndMaven } from './java-and-maven.js';
import { LogTail } from './log-tail.js';

export interface HapiOptions {
  /** 0 (the default) takes any free port. */
  readonly port?: number;
  /** Heap, in MiB; default 1024. The process takes up to about as much again. */
  readonly maxHeapMb?: number;
  /** Folder of the H2 database, made where it is missing; without it the data is in memory and gone with the server. */
  readonly databaseFolder?: string;
  /** How long it may take to answer; default 120. */
  readonly bootSeconds?: number;
  /** Folder of `pom.xml` and `HapiServer.java`; by default the project's. */
  readonly serverFolder?: string;
  /** What `javaAndMaven` found, where it was asked already. */
  readonly tools?: JavaAndMaven;
  readonly onProgress?: (text: string) => void;
}

/** A real HAPI FHIR R4 server, a process of its own. It ends with this process, however that ends. */
export interface HapiServer {
  /** For example `http://127.0.0.1:8080/fhir`. */
  readonly baseUrl: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to its first answer. */
  readonly bootMs: number;
  /** Resolves when it is gone, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
  /** Ends it as a crash would (SIGKILL) and waits until it is gone. */
  kill(): Promise<void>;
  /** The last lines of its log. */
  log(): string;
}

type HapiProcess = ChildProcessByStdio<Writable, Readable, Readable>;

const STOP_MS = 10_000;
const TOLD_LINES = 15;

/**
 * Builds (where needed) and starts HAPI on 127.0.0.1; resolves when it answers. Throws ServiceError ERR_CONFIG where Java 17 or Maven is
 * missing, the port is taken or it cannot be built, ERR_FHIR_UPSTREAM with the last lines of its log where it does not come up.
 */
export async function startHapi(options: HapiOptions = {}): Promise<HapiServer> {
  const { port = 0, bootSeconds = 120, serverFolder, onProgress } = options;
  const tools = options.tools ?? (await javaAndMaven());
  if (tools.kind === 'missing') throw new ServiceError('ERR_CONFIG', { detail: tools.why });
  if (port !== 0) await checkFree(port);
  const { classpath } = await buildHapi({
    tools,
    ...(serverFolder !== undefined && { folder: serverFolder }),
    ...(onProgress && { onProgress }),
  });
  onProgress?.('starting HAPI: half a minute or more');
  const databaseFolder = options.databaseFolder === undefined ? undefined : absolute(options.databaseFolder);
  if (databaseFolder !== undefined) await makeFolder(databaseFolder);
  const started = Date.now();
  const child = spawn(tools.java, javaArguments(options, databaseFolder, classpath), {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let listens: (port: number) => void = () => undefined;
  const listening = new Promise<number>((resolve) => (listens = resolve));
  const log = new LogTail((line) => {
    const said = /^HAPI_LISTENS (\d+)$/.exec(line)?.[1];
    if (said !== undefined) listens(Number(said));
  });
  child.stdout.on('data', (chunk: Buffer) => log.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => log.add(chunk));
  child.on('error', (error) => log.add(`${error.message}\n`));
  child.stdin.on('error', () => undefined);
  const deadline = new AbortController();
  try {
    const baseUrl = await Promise.race([
      answering(listening, deadline.signal),
      ended.then(() => notUp('ended before it answered', log, port)),
      sleep(bootSeconds * 1000, undefined, { signal: deadline.signal }).then(() =>
        notUp(`did not answer within ${bootSeconds} s`, log, port),
      ),
    ]);
    return {
      baseUrl,
      pid: child.pid ?? 0,
      bootMs: Date.now() - started,
      ended,
      stop: () => stop(child, ended),
      kill: () => kill(child, ended),
      log: () => log.last(TOLD_LINES),
    };
  } catch (error) {
    await kill(child, ended);
    throw error;
  } finally {
    deadline.abort();
  }
}

/** Tiered compilation ends at C1: it boots in half the time, and a test run is over before C2 would pay. */
function javaArguments(
  { port = 0, maxHeapMb = 1024 }: HapiOptions,
  data: string | undefined,
  classpath: string,
): string[] {
  return [
    `-Xmx${maxHeapMb}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    `-Dhapi.port=${port}`,
    ...(data === undefined ? [] : [`-Dhapi.data=${data}`]),
    '-cp',
    classpath,
    'HapiServer',
  ];
}

/** Base of the server, when its first answer has come: it listens a while before that. */
async function answering(listening: Promise<number>, signal: AbortSignal): Promise<string> {
  const baseUrl = `http://127.0.0.1:${await listening}/fhir`;
  for (;;) {
    const status = await fetch(`${baseUrl}/metadata`, { signal }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => 0,
    );
    if (status === 200 || signal.aborted) return baseUrl;
    await sleep(200);
  }
}

function notUp(what: string, log: LogTail, port: number): never {
  const words = log.last(TOLD_LINES);
  if (/PortInUseException|Address already in use|port \d+ was already in use/i.test(words)) throw taken(port);
  throw new ServiceError('ERR_FHIR_UPSTREAM', {
    detail: `the HAPI server ${what}; the last lines of its log:\n${words}`,
  });
}

async function checkFree(port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(port, '127.0.0.1', resolve);
    });
  } catch (cause) {
    throw taken(port, cause);
  }
  await new Promise<void>((resolve) => probe.close(() => resolve()));
}

function taken(port: number, cause?: unknown): ServiceError {
  const detail = `port ${port} of 127.0.0.1 cannot be listened on: something else does; name another, or 0 for any free one`;
  return new ServiceError('ERR_CONFIG', { detail, cause });
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new ServiceError('ERR_CONFIG', { detail: `the database folder ${folder} cannot be made`, cause });
  });
}

/** Asks it to end; one that does not within ten seconds is killed. */
async function stop(child: HapiProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const patience = new AbortController();
  const isLate = await Promise.race([
    ended.then(() => false),
    sleep(STOP_MS, true, { signal: patience.signal }).catch(() => false),
  ]);
  patience.abort();
  if (isLate) await kill(child, ended);
}

async function kill(child: HapiProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}
