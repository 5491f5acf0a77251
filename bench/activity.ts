/**
 * Measures what the activity log costs SCIM writes: a server with it and one without it take turns
 * under the same load. `node bench/activity.ts [ROUNDS] [SECONDS]` needs `make build` first, and
 * prints a table for SQLite and for PostgreSQL. It fails if the mix without the log needs less than
 * 90 % of the CPU, which is what limits the throughput.
 */
import { join } from 'node:path';
import { runTrial } from '../hack/trial.ts';
import { compareVariants } from './sections/variants.ts';
import { DATABASE_KINDS, onEachDatabase } from './stage/each-database.ts';

const LEAST_RATIO = 0.9;
const TREE = join(import.meta.dirname, '..');

const [rounds = 24, seconds = 0.25] = process.argv.slice(2).map(Number);

await runTrial('activity', async (closing) => {
  const good = await onEachDatabase(DATABASE_KINDS, closing, async (kind, own) => {
    const compared = await compareVariants(
      kind,
      [
        { name: 'without', tree: TREE, options: ['--activity-retention=0s'] },
        { name: 'with the log', tree: TREE },
      ],
      ['create', 'patch', 'put', 'member', 'mix'],
      { rounds, milliseconds: seconds * 1000 },
      own,
    );
    const mix = compared.at(-1);
    return mix !== undefined && mix.first.cpuMs / mix.second.cpuMs >= LEAST_RATIO;
  });
  return good.every(Boolean);
});
