/**
 * Keeps the files of a database, which contain personal data, to the user that runs the process.
 */
import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseRefusedError } from '../database-errors.ts';

const FILE = 0o600;
const OTHERS = 0o077;

/**
 * Files that SQLite puts beside a database. Those that it creates get the mode of the database
 * file.
 */
const SUFFIXES = ['', '-wal', '-shm', '-journal', '-lock'];

/**
 * Creates the file if it is missing, whatever the umask is. Throws DatabaseRefusedError if there is
 * no folder for it: a new one would hide a misspelt path, or a volume that isn't mounted.
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE));
    chmodSync(path, FILE);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT')
      throw new DatabaseRefusedError(
        `the folder ${resolve(dirname(path))} doesn't exist; create it, or mount its volume`,
      );
    if (code !== 'EEXIST') throw error;
  }
}

/**
 * Takes all permissions for the files from other users. If that fails, it returns the reason for a
 * message.
 */
export function makePrivate(path: string): string | undefined {
  for (const suffix of SUFFIXES) {
    const file = `${path}${suffix}`;
    try {
      if ((statSync(file).mode & OTHERS) !== 0) chmodSync(file, FILE);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT') return `${file} can be read by other users, and chmod fails (${code})`;
    }
  }
  return undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
