/**
 * Keeps the files of a database, which contain personal data, to the user that runs the process.
 */
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const FOLDER = 0o700;
const FILE = 0o600;
const OTHERS = 0o077;

/**
 * Files that SQLite puts beside a database. Those that it creates get the mode of the database
 * file.
 */
const SUFFIXES = ['', '-wal', '-shm', '-journal', '-lock'];

/**
 * Creates the folder and the file if they are missing, whatever the umask is. An existing folder is
 * left as it is.
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
