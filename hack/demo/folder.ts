/** The folder of a demo, which only one demo at a time uses. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseRefusedError } from '../../src/directory/database-errors.ts';
import { type Lock, lockDatabase } from '../../src/directory/sqlite/lock.ts';

/** Contains the process id of the demo that holds the lock on it. */
const RUNNING = 'running';

/** Empties the folder. Returns what releases it. Throws if another demo has it. */
export function takeFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  const running = join(folder, RUNNING);
  appendFileSync(running, '', { mode: 0o600 });
  const lock = lockOf(running);
  writeFileSync(running, String(process.pid));
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(RUNNING)) rmSync(join(folder, name), { recursive: true });
  }
  return () => lock.release();
}

function lockOf(running: string): Lock {
  try {
    return lockDatabase(running);
  } catch (error) {
    if (!(error instanceof DatabaseRefusedError)) throw error;
    const pid = readFileSync(running, 'utf8');
    throw new Error(
      `a demo is already running here, as process ${pid}; press Ctrl-C in its terminal, or use it`,
    );
  }
}
