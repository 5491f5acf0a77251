/** Child processes that end with this process, even if it is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

export interface Child {
  readonly pid: number;
  /** Resolves with the exit code or the signal. */
  readonly exited: Promise<string>;
  readonly running: boolean;
  /** Sends the signal, and SIGKILL after the grace period. Resolves when the process has ended. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

/**
 * A shell waits on a pipe from this process and kills the program when the pipe closes, for
 * whatever reason. `exec` gives the program the pid of the child.
 */
const GUARD = `(read -r _ <&3; kill -KILL $$ 2>/dev/null) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"`;

/** Retries, because the guards may not have killed every program that writes to the folder yet. */
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
    // In its own process group, so that Ctrl-C reaches only this process, which stops its children.
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
    // Ends the guard.
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

/** Deletes the folder once this process has ended, even if it was killed. */
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
  if (child.pid === undefined) throw new Error('could not start sh');
  return child.pid;
}
