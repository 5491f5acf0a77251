/**
 * Compares the built programs of two checkouts, which take turns under the same load, so that other
 * work on the machine slows down both. Each needs `make build` first.
 * `node bench/compare.ts TREE OTHER_TREE [sqlite|postgres] [PHASE,…] [ROUNDS]` prints a table.
 */
import { basename, resolve } from 'node:path';
import { runTrial } from '../hack/trial.ts';
import { PHASES } from './load/phases.ts';
import { compareVariants, type Variant } from './sections/variants.ts';

const MILLISECONDS = 500;

const [tree = '.', other = '.', kind = 'sqlite', phases = '', rounds = '12'] =
  process.argv.slice(2);
const variantOf = (path: string): Variant => ({
  name: basename(resolve(path)),
  tree: resolve(path),
});

await runTrial('compare', async (closing) => {
  if (kind !== 'sqlite' && kind !== 'postgres') throw new Error(`${kind} is no database`);
  const known = [...PHASES, 'member'] as const;
  const chosen = known.filter((phase) => phases === '' || phases.split(',').includes(phase));
  const pace = { rounds: Number(rounds), milliseconds: MILLISECONDS };
  await compareVariants(kind, [variantOf(tree), variantOf(other)], chosen, pace, closing);
  return true;
});
