/** Measures on the database that is named, or on a fresh SQLite file and then a fresh PostgreSQL. */
import { type Closing, inScope, runTrial } from '../../hack/trial.ts';
import { DATABASE_NAMES, type DatabaseKind, openDatabases } from '../stage/databases.ts';
import { temporaryFolder } from '../stage/stage.ts';

/** Returns whether every measurement was within its bounds. */
type Measure = (database: string, url: string) => Promise<boolean>;

/** Exits with 1 if a measurement was not within its bounds. */
export function measureOn(url: string | undefined, measure: Measure): Promise<never> {
  return runTrial('bench', async (closing) => {
    if (url !== undefined) return measure(url.split(':')[0] ?? '', url);
    let good = true;
    for (const kind of ['sqlite', 'postgres'] as const)
      good = (await measureFresh(kind, closing, measure)) && good;
    return good;
  });
}

const measureFresh = (kind: DatabaseKind, closing: Closing, measure: Measure): Promise<boolean> =>
  inScope(closing, async (own) => {
    const databases = await openDatabases(kind, temporaryFolder(own));
    own.push(() => databases.stop());
    return measure(DATABASE_NAMES[kind], await databases.create('people'));
  });
