/** Child processes that never outlive this one, not even when it is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

export interface Child {
  readonly pid: number;
  /** The exit code, or the signal. */
  readonly exited: Promise<string>;
  readonly running: boolean;
  /** Sends the signal, and SIGKILL after the grace period; answers when the process is gone. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

/**
 * A shell waits on a pipe from this process; when the pipe closes, for whatever reason, it kills the program. `exec` keeps
 * the program's pid the child's own.
 */
const GUARD = `(read -r _ <&3; kill -KILL $$ 2>/dev/null) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"`;

/** Again, because the guards may not have killed yet what writes to the folder. */
const SWEEP =
  'read -r _ <&3; for _ in 1 2 3 4 5; do rm -rf -- "$1" 2>/dev/null && break; sleep 0.2; done';

export function startChild(
  command: string,
  args: readonly string[],
  logFile: string,
  env: NodeJS.ProcessEnv = process.env,
  user: { readonly uid?: number; readonly gid?: number } = {},
): Child {
  const output = openSync(logFile, 'a', 0o600);
  const child = spawn('sh', ['-c', GUARD, 'sh', command, ...args], {
    env,
    ...user,
    // A group of its own: Ctrl-C reaches this process alone, which then stops its children in order.
    detached: true,
    stdio: ['ignore', output, output, 'pipe'],
  });
  closeSync(output);
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? String(code)));
    child.once('error', (error) => resolve(error.message));
  });
  let running = true;
  void exited.then(() => {
    running = false;
    // Lets the guard end, too.
    child.stdio[3]?.destroy();
  });
  return {
    pid: pidOf(child),
    exited,
    get running() {
      return running;
    },
    stop: async (signal = 'SIGTERM', graceMs = 5_000) => {
      if (!running) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Removes the folder when this process has ended in a way that left it no time to do so. */
export function sweepAfterDeath(folder: string): void {
  const child = spawn('sh', ['-c', SWEEP, 'sh', folder], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  child.unref();
  const pipe = child.stdio[3];
  if (pipe instanceof Socket) pipe.unref();
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('sh could not be started');
  return child.pid;
}
