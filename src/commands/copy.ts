/** `copy`: copies a directory to another database. */
import type { CopyConfig } from '../config/command-options.ts';
import { shownDatabaseUrl } from '../directory/database-url.ts';
import { openSource, openTarget } from '../directory/transfer/open.ts';
import type { Logger } from '../logger.ts';
import { filePathOf, transferBetween } from './transfer.ts';

/** Copies all or nothing, and compares both. Throws FatalError. */
export async function copy(
  { from, to }: CopyConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const [source, target] = [shownDatabaseUrl(from), shownDatabaseUrl(to)];
  const onInUse = () =>
    log.warn(
      { from: source },
      'another process is using the source; its later writes are not copied',
    );
  const rows = await transferBetween(
    {
      shown: `the database ${source}`,
      path: filePathOf(from),
      open: () => openSource(() => from, onInUse),
    },
    { shown: `the database ${target}`, path: filePathOf(to), open: () => openTarget(() => to) },
    { signal },
  );
  log.info({ from: source, to: target, rows }, 'directory was copied; both databases are equal');
}
