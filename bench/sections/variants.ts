/** Two variants of the server that take turns under the same load. */
import { join } from 'node:path';
import type { Closing } from '../../hack/trial.ts';
import type { createDirectory } from '../directory/directory.ts';
import { type AnyPhase, MIXED_GROUP } from '../load/phases.ts';
import { measurePhase, type Pace, type Subject, type Throughput } from '../measure/throughput.ts';
import { LABELS } from '../report/results.ts';
import { figure, table, whole } from '../report/table.ts';
import { DATABASE_NAMES, type DatabaseKind, openDatabases } from '../stage/databases.ts';
import { temporaryFolder } from '../stage/stage.ts';
import { type Context, serve, subjectOf } from './section.ts';

export interface Variant {
  readonly name: string;
  /** A checkout with the built program and its dependencies. */
  readonly tree: string;
  /** Options of the program. */
  readonly options?: readonly string[];
}

export interface Comparison {
  readonly phase: AnyPhase;
  readonly first: Throughput;
  readonly second: Throughput;
}

const USERS = 5_000;
const MEMBERS = 1_000;

async function startVariant(
  { tree, options = [] }: Variant,
  place: Pick<Context, 'databases' | 'folder' | 'closing'>,
): Promise<Subject> {
  // The directory has the schema of the checkout.
  const path = join(tree, 'bench', 'directory', 'directory.ts');
  const module = (await import(path)) as { createDirectory: typeof createDirectory };
  const name = `variant-${place.closing.length}`;
  const groups = { [MIXED_GROUP]: MEMBERS };
  const directory = await module.createDirectory(place.databases, name, USERS, groups);
  const served = await serve(directory, place, { tree, options });
  return subjectOf(served, [served.server], place);
}

/** Prints a table with the ratios of the first variant to the second one. */
export async function compareVariants(
  kind: DatabaseKind,
  [first, second]: readonly [Variant, Variant],
  phases: readonly AnyPhase[],
  pace: Pace,
  closing: Closing,
): Promise<readonly Comparison[]> {
  const folder = temporaryFolder(closing);
  const databases = await openDatabases(kind, folder);
  closing.push(() => databases.stop());
  const place = { databases, folder, closing };
  const subjects = [await startVariant(first, place), await startVariant(second, place)];
  const compared: Comparison[] = [];
  for (const phase of phases) {
    const [own, other] = await measurePhase(subjects, phase, pace);
    if (own === undefined || other === undefined) throw new Error('a measurement is missing');
    const problem = own.problem ?? other.problem;
    if (problem !== undefined) throw new Error(problem);
    compared.push({ phase, first: own, second: other });
  }
  const head = [
    DATABASE_NAMES[kind],
    `${first.name}, requests/s`,
    second.name,
    'ratio',
    `${first.name}, CPU, ms`,
    second.name,
    'ratio',
  ];
  const rows = compared.map(({ phase, first: own, second: other }) => [
    LABELS[phase],
    whole(own.perSecond),
    whole(other.perSecond),
    figure(own.perSecond / other.perSecond),
    figure(own.cpuMs),
    figure(other.cpuMs),
    figure(own.cpuMs / other.cpuMs),
  ]);
  process.stdout.write(`\n${table(head, rows)}\n`);
  return compared;
}
