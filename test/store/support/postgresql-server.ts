import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A real PostgreSQL of the run's own, on a free port of 127.0.0.1. */
export interface PostgresqlServer {
  /** A fresh, empty database; its URL. */
  database(): Promise<string>;
  /** As `pg_ctl stop -m immediate`: connections break, nothing is tidied up. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

const NOT_INSTALLED =
  'PostgreSQL (postgres, initdb) is neither on PATH nor in /usr/lib/postgresql: its cases are left out';

/** Folder of the server's programs; undefined where it is not installed. Throws where HEMOLENS_TEST_POSTGRES=required. */
export function postgresqlPrograms(): string | undefined {
  const packaged = existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`)
    : [];
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...packaged.sort().reverse()];
  const found = folders.find((folder) => ['postgres', 'initdb'].every((name) => existsSync(join(folder, name))));
  if (found === undefined && process.env['HEMOLENS_TEST_POSTGRES'] === 'required') throw new Error(NOT_INSTALLED);
  if (found === undefined) process.stderr.write(`${NOT_INSTALLED}\n`);
  return found;
}

/** Makes a cluster and starts it, as `nobody` where the run is root's, which PostgreSQL refuses. */
export async function startPostgresqlServer(programs: string): Promise<PostgresqlServer> {
  const folder = mkdtempSync(join(tmpdir(), 'hemolens-pg-'));
  const user = process.getuid?.() === 0 ? nobody() : {};
  const data = join(folder, 'data');
  mkdirSync(data);
  if (user.uid !== undefined) for (const path of [folder, data]) chownSync(path, user.uid, user.gid);
  const made = spawnSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'hemolens', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  let server: ChildProcess | undefined;
  let databases = 0;
  const url = (name: string): string => `postgresql://hemolens@127.0.0.1:${port}/${name}`;

  const start = async (): Promise<void> => {
    const settings = [
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      `unix_socket_directories=${folder}`,
      'max_connections=60',
    ];
    server = spawn(join(programs, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
      ...user,
      cwd: folder,
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 600; tries += 1) {
      const client = new pg.Client({ connectionString: url('postgres') });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.end();
        return;
      } catch {
        await client.end().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    throw new Error('PostgreSQL did not start within a minute');
  };
  const stop = async (): Promise<void> => {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill('SIGQUIT');
    await ended;
  };
  await start();
  return {
    start,
    stop,
    async database() {
      databases += 1;
      const name = `run_${databases}`;
      const client = new pg.Client({ connectionString: url('postgres') });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return url(name);
    },
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nobody():
  { readonly uid: number; readonly gid: number } | { readonly uid?: undefined; readonly gid?: undefined } {
  const idOf = (flag: string): number => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
  return { uid: idOf('-u'), gid: idOf('-g') };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
