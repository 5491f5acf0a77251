/** Runs a measurement on SQLite and on PostgreSQL, or on the one that the first argument names. */
import { type Closing, runTrial } from '../../hack/trial.ts';
import type { DatabaseKind } from '../stage/databases.ts';

const NAMES: Readonly<Record<DatabaseKind, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

/** Returns a line for each bound that does not hold. What it starts, it leaves to `closing`. */
type Measure = (kind: DatabaseKind, closing: Closing) => Promise<readonly string[]>;

/** Exits with 1 if a bound does not hold. */
export function onDatabases(name: string, measure: Measure): Promise<never> {
  const wanted = process.argv[2];
  return runTrial(name, async (closing) => {
    let good = true;
    for (const kind of ['sqlite', 'postgres'] as const) {
      if (wanted !== undefined && wanted !== kind) continue;
      const own: Closing = [];
      closing.push(async () => {
        for (const undo of own.splice(0).reverse()) await undo();
      });
      const broken = await measure(kind, own);
      for (const line of broken) process.stdout.write(`✗ ${NAMES[kind]}: ${line}\n`);
      good &&= broken.length === 0;
      await closing.pop()?.();
    }
    return good;
  });
}
