/** Several server processes on one PostgreSQL, and a pooler in front of it. */
import { PgBouncerUnavailableError } from '../../hack/pgbouncer/programs.ts';
import { startPgBouncer } from '../../hack/pgbouncer/start.ts';
import { createDirectory, type Directory } from '../directory/directory.ts';
import { Load } from '../load/load.ts';
import { MIXED_GROUP, PHASES, type Phase } from '../load/phases.ts';
import { eachOf } from '../measure/growth.ts';
import { measureParallel, type Parallel } from '../measure/parallel.ts';
import { measurePhase, type Throughput } from '../measure/throughput.ts';
import { type Context, serve, subjectOf } from './section.ts';

/** The measurement without something, and with it. */
export interface Compared {
  readonly without: Throughput;
  readonly with: Throughput;
}

export interface ProcessResults {
  readonly phases: Readonly<Record<Phase, Compared>>;
  readonly parallel: Parallel;
}

export interface PoolerResults extends Readonly<Record<Phase, Compared>> {
  /** Its name and version, and whether statements stay prepared. */
  readonly pooler?: string;
}

/**
 * V8 compiles what a process executes often, and each of two processes gets half of the requests. So
 * many rounds are enough for both.
 */
const WARM_UP = 2;
/** Connections of PgBouncer to the database; the server has as many without it. */
const POOL = 10;

const fill = ({ databases, options }: Context, name: string): Promise<Directory> =>
  createDirectory(databases, name, options.users, { [MIXED_GROUP]: 1_000 });

async function compare(
  subjects: Parameters<typeof measurePhase>[0],
  { options, progress }: Context,
): Promise<Readonly<Record<Phase, Compared>>> {
  const pace = { ...options.pace, warmUp: WARM_UP };
  return eachOf(PHASES, async (phase) => {
    const [without, second] = await measurePhase(subjects, phase, pace);
    if (without === undefined || second === undefined) throw new Error('a measurement is missing');
    progress(`${phase}: ${(second.perSecond / without.perSecond).toFixed(2)} times as many`);
    return { without, with: second };
  });
}

/** Compares one process with two that share the load. */
export async function measureProcesses(context: Context): Promise<ProcessResults> {
  const [alone, shared] = [await fill(context, 'alone'), await fill(context, 'shared')];
  const one = await serve(alone, context);
  const [first, second] = [await serve(shared, context), await serve(shared, context)];
  const load = new Load(first.server, second.server);
  context.closing.push(() => load.close());
  const servers = [first.server, second.server];
  const subjects = [
    subjectOf(one, [one.server], context),
    subjectOf({ load, directory: shared }, servers, context),
  ];
  const phases = await compare(subjects, context);
  return { phases, parallel: await measureParallel(load, shared.users) };
}

/** Compares a server on PostgreSQL with one behind PgBouncer; undefined where there is none. */
export async function measurePooler(context: Context): Promise<PoolerResults | undefined> {
  const [direct, pooled] = [await fill(context, 'direct'), await fill(context, 'pooled')];
  try {
    const pooler = await startPgBouncer(pooled.url, POOL);
    context.closing.push(() => pooler.stop());
    const url = new URL(pooler.through(pooled.url));
    if (pooler.prepares) url.searchParams.set('pooler_prepared_statements', 'true');
    const through = await serve({ ...pooled, url: url.href }, context);
    const without = await serve(direct, context);
    const subjects = [without, through].map((each) => subjectOf(each, [each.server], context));
    const name = `PgBouncer ${pooler.version}${pooler.prepares ? ', statements prepared' : ''}`;
    return { ...(await compare(subjects, context)), pooler: name };
  } catch (error) {
    if (!(error instanceof PgBouncerUnavailableError)) throw error;
    context.progress(`not measured behind PgBouncer: ${error.message}`);
    return undefined;
  }
}
