/** The files of a database are for the user of the process alone: people's data is in them. */
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const FOLDER = 0o700;
const FILE = 0o600;
const OTHERS = 0o077;

/**
 * What SQLite puts beside a database; it takes over the mode of the database file for those that it
 * makes.
 */
const SUFFIXES = ['', '-wal', '-shm', '-journal', '-lock'];

/**
 * Makes the folder and the file where they are missing, whatever the umask is. A folder that is
 * there is left as it is.
 */
export function createPrivately(path: string): void {
  const folder = dirname(path);
  if (mkdirSync(folder, { recursive: true, mode: FOLDER }) !== undefined) chmodSync(folder, FOLDER);
  try {
    closeSync(openSync(path, 'wx', FILE));
    chmodSync(path, FILE);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * Takes from everybody else what they may do with the files. Returns why that can't be done, for a
 * person.
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
