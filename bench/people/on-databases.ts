/** Measures on the database that is named, or on a fresh SQLite file and then a fresh PostgreSQL. */
import { runTrial } from '../../hack/trial.ts';
import { DATABASE_NAMES, openDatabases } from '../stage/databases.ts';
import { DATABASE_KINDS, onEachDatabase } from '../stage/each-database.ts';
import { temporaryFolder } from '../stage/stage.ts';

/** Returns whether every measurement was within its bounds. */
type Measure = (database: string, url: string) => Promise<boolean>;

/** Exits with 1 if a measurement was not within its bounds. */
export function measureOn(url: string | undefined, measure: Measure): Promise<never> {
  return runTrial('bench', async (closing) => {
    if (url !== undefined) return measure(url.split(':')[0] ?? '', url);
    const good = await onEachDatabase(DATABASE_KINDS, closing, async (kind, own) => {
      const databases = await openDatabases(kind, temporaryFolder(own));
      own.push(() => databases.stop());
      return measure(DATABASE_NAMES[kind], await databases.create('people'));
    });
    return good.every(Boolean);
  });
}
