import { spawn } from 'node:child_process';

/** `hemolens serve` in a process of its own, from the built command. */
export interface ServeProcess {
  readonly url: string;
  /** What it has written to standard error so far. */
  log(): string;
  /** As `kill -9`; resolves when the process has ended. */
  kill(): Promise<void>;
  /** As Ctrl+C; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `hemolens serve` on a free port; `variables` are added to the environment. Throws when it ends before it listens. */
export async function startServeProcess(variables: Readonly<Record<string, string>>): Promise<ServeProcess> {
  const child = spawn(process.execPath, ['dist/cli.js', 'serve'], {
    env: { ...process.env, HEMOLENS_PORT: '0', ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let written = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      written += chunk.toString();
      const [, found] = /Hemolens listens on (\S+)/.exec(written) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`the service ended before it listened: ${written.slice(-2000)}`)));
  });
  return {
    url,
    log: () => written,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    stop() {
      child.kill('SIGINT');
      return ended;
    },
  };
}
