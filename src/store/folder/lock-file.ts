import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { errorCode } from '../error-code.js';

/** Who holds a folder: a process, told apart from a later one with the same number by when it began. */
export interface LockOwner {
  readonly pid: number;
  /** Clock ticks after the machine's start at which the process began; absent where the system does not tell. */
  readonly began?: string;
  /** Where the owner answers; absent where it does not. */
  readonly socket?: string;
}

/** The owner that a lock file names; undefined where there is none, or a kill left it half written. */
export function readLock(path: string): LockOwner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof owner !== 'object' || owner === null || !('pid' in owner) || typeof owner.pid !== 'number')
      return undefined;
    const began = 'began' in owner && typeof owner.began === 'string' ? { began: owner.began } : {};
    const socket = 'socket' in owner && typeof owner.socket === 'string' ? { socket: owner.socket } : {};
    return { pid: owner.pid, ...began, ...socket };
  } catch {
    return undefined;
  }
}

/** Takes the lock; false when the file is there. */
export function writeLock(path: string, socket?: string): boolean {
  const began = beganAt(process.pid);
  const owner: LockOwner = {
    pid: process.pid,
    ...(began === undefined ? {} : { began }),
    ...(socket === undefined ? {} : { socket }),
  };
  try {
    const file = openSync(path, 'wx', 0o600);
    writeSync(file, JSON.stringify(owner));
    closeSync(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Takes a lock away whose owner is gone. Moved first, so that of two that try only one takes away what it has read. */
export function dropStaleLock(path: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Does the process that a lock names still run? */
export function isRunning({ pid, began }: LockOwner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  const now = beganAt(pid);
  return began === undefined || now === undefined || began === now;
}

function beganAt(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The 22nd field; the second one is a name in brackets that may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
