import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { ServiceError } from '../../errors/service-error.js';
import { parseSpoolLine, spoolLine, type SpoolEntry } from './spool-line.js';

/** A local file that rows wait in while the database cannot be reached. */
export interface Spool {
  /** On the disk when it resolves. Throws ServiceError ERR_STORE when the file cannot be written. */
  append(entry: SpoolEntry): Promise<void>;
  /** The oldest entry that waits and can be read. */
  first(): Promise<SpoolEntry | undefined>;
  /**
   * Hands every waiting entry to `apply`, in the order they came, and empties the file when none is left; entries that come
   * meanwhile are handed over too. A throw of `apply` ends it, and nothing is lost: entries may be applied again.
   */
  drain(apply: (entry: SpoolEntry) => Promise<void>): Promise<number>;
  /** Entries that are not in the database yet; falls while they are drained, and is 0 once the file is empty. */
  waiting(): number;
  /** Keeps an entry that the database will never take, in `path`.refused. */
  setAside(entry: SpoolEntry): Promise<void>;
  close(): Promise<void>;
}

export interface SpoolOptions {
  readonly path: string;
  /** Lines that could not be read back; they are in `path`.damaged, byte for byte. */
  readonly onDamaged: (lines: number, bytes: number) => void;
}

const NEWLINE = 0x0a;

/** Opens the spool, mode 0600, with what an earlier process left in it. Throws ServiceError ERR_STORE when it cannot. */
export async function openSpool({ path, onDamaged }: SpoolOptions): Promise<Spool> {
  let file: FileHandle;
  let pending: { readonly text: string; readonly done: (error?: unknown) => void }[] = [];
  let lines: number;
  /** Lines of the file that the drain under way has handed over; the file keeps them until it is empty. */
  let handedOver = 0;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    file = await open(path, 'a+', 0o600);
    await file.chmod(0o600);
    lines = await healthyEnd(file);
  } catch (cause) {
    throw new ServiceError('ERR_STORE', { detail: 'the spool file cannot be opened: is its folder writable?', cause });
  }
  // One writer at a time; what arrives while it waits for the disk goes out together with one wait.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const flush = async (): Promise<void> => {
    const batch = pending;
    pending = [];
    if (batch.length === 0) return;
    try {
      await file.appendFile(batch.map(({ text }) => text).join(''));
      await file.datasync();
      lines += batch.length;
      for (const { done } of batch) done();
    } catch (error) {
      // Half a batch may be in the file: whoever comes next begins a line of its own.
      await healthyEnd(file).catch(() => undefined);
      for (const { done } of batch) done(error);
    }
  };
  const keepDamaged = async (damaged: readonly string[]): Promise<void> => {
    if (damaged.length === 0) return;
    const text = `${damaged.join('\n')}\n`;
    await appendFile(`${path}.damaged`, text, { encoding: 'latin1', mode: 0o600, flush: true });
    onDamaged(damaged.length, text.length);
  };

  const sizeOf = async (): Promise<number> => (await file.stat()).size;

  return {
    append: (entry) =>
      new Promise((resolve, reject) => {
        pending.push({
          text: spoolLine(entry),
          done: (error) => {
            if (error === undefined) resolve();
            else reject(new ServiceError('ERR_STORE', { detail: 'the spool file cannot be written', cause: error }));
          },
        });
        void inTurn(flush);
      }),
    async first() {
      for await (const { entry } of spooledLines(path, 0, await inTurn(sizeOf))) if (entry) return entry;
      return undefined;
    },
    async drain(apply) {
      let applied = 0;
      let read = 0;
      const damaged: string[] = [];
      handedOver = 0;
      for (;;) {
        const size = await inTurn(sizeOf);
        for await (const { line, entry } of spooledLines(path, read, size)) {
          if (entry) {
            await apply(entry);
            applied += 1;
          } else if (line !== '') damaged.push(line);
          handedOver += 1;
        }
        read = size;
        const isEmptied = await inTurn(async () => {
          if ((await sizeOf()) > read) return false;
          await keepDamaged(damaged);
          await file.truncate(0);
          await file.datasync();
          lines = 0;
          handedOver = 0;
          return true;
        });
        if (isEmptied) return applied;
      }
    },
    waiting: () => Math.max(lines - handedOver, Math.min(lines, 1)),
    setAside: (entry) => appendFile(`${path}.refused`, spoolLine(entry), { mode: 0o600, flush: true }),
    async close() {
      await inTurn(() => file.close());
    },
  };
}

/** Lines between two positions of the file, each with its entry where it has one. Bytes go through as they are (latin1). */
async function* spooledLines(
  path: string,
  start: number,
  end: number,
): AsyncGenerator<{ readonly line: string; readonly entry: SpoolEntry | undefined }> {
  if (start >= end) return;
  const input = createReadStream(path, { start, end: end - 1, encoding: 'latin1' });
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    yield { line, entry: parseSpoolLine(Buffer.from(line, 'latin1').toString('utf8')) };
  }
}

/** Ends a last line that a kill tore off, and counts the lines. */
async function healthyEnd(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const content = Buffer.alloc(size);
  await file.read(content, 0, size, 0);
  let lines = 0;
  for (const byte of content) if (byte === NEWLINE) lines += 1;
  if (size === 0 || content.at(-1) === NEWLINE) return lines;
  await file.appendFile('\n');
  await file.datasync();
  return lines + 1;
}
