/** `backup`: writes a copy of the directory to one file, which is a directory on SQLite. */
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupConfig } from '../config/command-options.ts';
import { shownDatabaseUrl } from '../directory/database-url.ts';
import { openNewFile, openSource } from '../directory/transfer/open.ts';
import type { Logger } from '../logger.ts';
import { urlReader } from './database.ts';
import { FatalError, reasonOf } from './errors.ts';
import { scratchFolder, transferBetween } from './transfer.ts';

interface Output {
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown;
}

/** The file appears under its name only when it is complete. Throws FatalError. */
export async function backUp(
  config: BackupConfig,
  output: Output,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { databaseUrl, to } = config;
  const file = to === '-' ? undefined : to;
  if (file !== undefined && existsSync(file)) throw exists(file);
  const shown = shownDatabaseUrl(databaseUrl);
  const finished = file ?? join(scratchFolder(databaseUrl), 'scim-operator-backup');
  const partial = `${finished}.partial-${randomBytes(4).toString('hex')}`;
  try {
    const rows = await transferBetween(
      { shown: `the database ${shown}`, open: () => openSource(urlReader(config)) },
      {
        shown: `the backup ${to}`,
        open: () => openNewFile(partial),
      },
      { signal },
    );
    if (file === undefined) await print(partial, output);
    else await publish(partial, file);
    log.info({ databaseUrl: shown, file: to, rows }, 'backup was written');
  } finally {
    for (const suffix of ['', '-journal']) rmSync(`${partial}${suffix}`, { force: true });
  }
}

async function publish(partial: string, file: string): Promise<void> {
  try {
    nameExclusively(partial, file);
    const folder = await open(dirname(file));
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw exists(file);
    throw new FatalError(`can't write the backup ${file}: ${reasonOf(error)}`);
  }
}

/** A link doesn't replace a file of that name, but not every volume supports links. */
function nameExclusively(partial: string, file: string): void {
  try {
    linkSync(partial, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    renameSync(partial, file);
  }
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? error.code : undefined;

const exists = (file: string) =>
  new FatalError(`can't write the backup ${file}: the file exists; name another one`);

async function print(path: string, output: Output): Promise<void> {
  try {
    for await (const chunk of createReadStream(path)) {
      await new Promise<void>((resolve, reject) => {
        output.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
    }
  } catch (error) {
    throw new FatalError(`can't write the backup to standard output: ${reasonOf(error)}`);
  }
}
