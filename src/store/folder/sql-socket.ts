import { rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { ServiceError } from '../../errors/service-error.js';
import { errorCode } from '../error-code.js';
import { jsonLine } from '../json-line.js';
import type { Sql, SqlRow, SqlRunner, SqlValue } from '../sql/sql.js';

/** One line each way. `begin` … `commit` or `rollback` hold the database for the connection that said so. */
type Request =
  | { readonly id: number; readonly say: 'query'; readonly text: string; readonly values: readonly SqlValue[] }
  | { readonly id: number; readonly say: 'begin' | 'commit' | 'rollback' };
type Reply =
  | { readonly id: number; readonly rows: readonly SqlRow[] }
  | { readonly id: number; readonly error: string; readonly code?: string };

const OTHERS_NOT = 0o177;

export interface SqlSocket {
  close(): Promise<void>;
}

/**
 * Serves the database of this process on a unix socket, mode 0600, to the commands of the same user: who may open the socket
 * may read the folder as well.
 */
export async function serveSql(sql: Sql, path: string): Promise<SqlSocket> {
  const sockets = new Set<Socket>();
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    converse(sql, socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is made within listen(): with the usual mask others could open it before chmod.
    const usual = process.umask(OTHERS_NOT);
    server.listen(path, resolve);
    process.umask(usual);
  });
  await chmod(path, 0o600);
  server.unref();
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function converse(sql: Sql, socket: Socket): void {
  let held: Held | undefined;
  const reply = (message: Reply): void => void socket.write(`${jsonLine(message)}\n`);
  const answer = async (request: Request): Promise<readonly SqlRow[]> => {
    switch (request.say) {
      case 'query':
        return (held ? held.tx : sql).query(request.text, request.values);
      case 'begin':
        held = await hold(sql);
        return [];
      case 'commit':
      case 'rollback': {
        const ending = held;
        held = undefined;
        await ending?.end(request.say === 'commit');
        return [];
      }
    }
  };
  let last: Promise<void> = Promise.resolve();
  createInterface({ input: socket }).on('line', (line) => {
    last = last.then(async () => {
      // Written by connectSql below, over a socket of the same user: this is the parser.
      const request = JSON.parse(line) as Request;
      try {
        reply({ id: request.id, rows: await answer(request) });
      } catch (error) {
        const code = errorCode(error);
        const message =
          typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : 'failed';
        reply({ id: request.id, error: message, ...(code === undefined ? {} : { code }) });
      }
    });
    last = last.catch(() => void socket.destroy());
  });
  // A command that was killed in the middle of a transaction lets go of the database.
  socket.on('close', () => void last.then(() => held?.end(false)).catch(() => undefined));
}

interface Held {
  readonly tx: SqlRunner;
  end(commits: boolean): Promise<void>;
}

const ROLLBACK = new Error('rolled back by the caller');

/** A transaction that stays open until it is told to end. */
async function hold(sql: Sql): Promise<Held> {
  return new Promise((resolve, reject) => {
    const over = sql.transaction(
      (tx) =>
        new Promise<void>((commit, rollback) => {
          resolve({
            tx,
            end: (commits) => {
              if (commits) commit();
              else rollback(ROLLBACK);
              return over.catch((error: unknown) => {
                if (error !== ROLLBACK) throw error;
              });
            },
          });
        }),
    );
    over.catch(reject);
  });
}

/** The database of the process that serves `path`; undefined when nobody does. */
export async function connectSql(path: string): Promise<Sql | undefined> {
  const socket = await connected(path);
  if (!socket) return undefined;
  let next = 0;
  const open = new Map<number, { resolve: (rows: readonly SqlRow[]) => void; reject: (error: Error) => void }>();
  createInterface({ input: socket }).on('line', (line) => {
    const reply = JSON.parse(line) as Reply;
    const caller = open.get(reply.id);
    open.delete(reply.id);
    if ('rows' in reply) caller?.resolve(reply.rows);
    else caller?.reject(Object.assign(new Error(reply.error), reply.code === undefined ? {} : { code: reply.code }));
  });
  socket.on('close', () => {
    for (const { reject } of open.values()) {
      reject(new ServiceError('ERR_STORE', { detail: 'the service that holds the folder has ended meanwhile' }));
    }
    open.clear();
  });
  const ask = (say: 'query' | 'begin' | 'commit' | 'rollback', text = '', values: readonly SqlValue[] = []) =>
    new Promise<readonly SqlRow[]>((resolve, reject) => {
      next += 1;
      open.set(next, { resolve, reject });
      socket.write(`${jsonLine({ id: next, say, text, values })}\n`);
    });
  const query: SqlRunner['query'] = (text, values) => ask('query', text, values);
  return {
    engine: 'pglite',
    query,
    async transaction(run) {
      await ask('begin');
      try {
        const result = await run({ query });
        await ask('commit');
        return result;
      } catch (error) {
        await ask('rollback').catch(() => undefined);
        throw error;
      }
    },
    close: () =>
      new Promise((resolve) => {
        socket.end(() => resolve());
      }),
  };
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.on('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}
