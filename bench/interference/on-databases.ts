/** Runs a measurement on SQLite and on PostgreSQL, or on the one that the first argument names. */
import { type Closing, inScope, runTrial } from '../../hack/trial.ts';
import { DATABASE_NAMES, type DatabaseKind } from '../stage/databases.ts';

/** Returns a line for each bound that does not hold. What it starts, it leaves to `closing`. */
type Measure = (kind: DatabaseKind, closing: Closing) => Promise<readonly string[]>;

/** Exits with 1 if a bound does not hold. */
export function onDatabases(name: string, measure: Measure): Promise<never> {
  const wanted = process.argv[2];
  const kinds = (['sqlite', 'postgres'] as const).filter((kind) => (wanted ?? kind) === kind);
  if (kinds.length === 0) throw new Error(`${wanted} is neither sqlite nor postgres`);
  return runTrial(name, async (closing) => {
    let good = true;
    for (const kind of kinds) {
      const broken = await inScope(closing, (own) => measure(kind, own));
      for (const line of broken) process.stdout.write(`✗ ${DATABASE_NAMES[kind]}: ${line}\n`);
      good &&= broken.length === 0;
    }
    return good;
  });
}
