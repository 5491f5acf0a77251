/**
 * Connections to PostgreSQL: statements, transactions that are retried after a conflict, and errors
 * in terms of the protocol.
 */
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { drizzle, type PgRemoteDatabase } from 'drizzle-orm/pg-proxy';
import { tooManySearches, unavailable } from '../../../scim/error.ts';
import { MAX_WAITING_READS, SEARCH_PATIENCE_MS } from '../../../scim/limits.ts';
import { composer } from '../../sql/compose.ts';
import { perform, readerOf } from '../../sql/search/reader.ts';
import type { Reader } from '../../sql/search/reads.ts';
import { SharedTemplate } from '../../sql/search/shared-template.ts';
import type { ReadStep } from '../../sql/search/steps.ts';
import { Template } from '../../sql/template.ts';
import type { SearchesOfStore } from '../../store/searches.ts';
import { again, asked, both, guarded, onSession, read } from './on-session.ts';
import type { BoundValue } from './parameters.ts';
import { LIMITS, type Limits, Pool, type Settings } from './pool.ts';
import type { Answered, SentStatement } from './round-trip.ts';
import { Searches, type Transaction } from './searches.ts';
import type { Session } from './session.ts';
import { SharedReads } from './shared-reads.ts';
import { Turns } from './turns.ts';

/**
 * Runs statements, each on its own or all in one transaction. Rejects with ScimError 503 while the
 * database is unavailable.
 */
export interface Queries {
  all<Row>(statement: SQL<Row>): Promise<Row[]>;
  /** A template is composed once; other statements are composed whenever they run. */
  all<In extends object, Row>(template: Template<In, Row>, input: In): Promise<Row[]>;
  /** Returns how many rows were written. */
  run(statement: SQL): Promise<number>;
  run<In extends object>(template: Template<In, unknown>, input: In): Promise<number>;
  /**
   * Runs all of the statements or none, in one round trip. Each sees what the others before it
   * wrote, and what was committed before it began. Returns the rows of each.
   */
  together<Row>(statements: readonly (SQL<Row> | Filled<Row>)[]): Promise<Row[][]>;
}

/** A template and its input. */
interface Filled<Row> {
  readonly template: Template<object, Row>;
  readonly input: object;
}

export interface Pooler {
  /** Whether it is said to look after prepared statements. */
  readonly isToPrepare: boolean;
  /** Whether it was seen to, and statements are prepared. */
  readonly prepares: boolean;
}

export interface Connections extends Queries {
  readonly orm: PgRemoteDatabase;
  /**
   * Runs statements on connections that no user or group occupies: those of authentication, probes,
   * integrations and tokens.
   */
  readonly reserved: Queries & Pick<Connections, 'orm' | 'transaction'>;
  /**
   * Runs the work in a transaction (READ COMMITTED), and again after a conflict with another one.
   * Every statement sees what was committed before it began. To be safe from being overtaken, lock
   * first and read in a separate statement.
   */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /**
   * Runs two statements in one round trip, each in a transaction of its own: the second one even if
   * the first fails. If the second one meets a conflict, it is run again. Rejects only if the
   * second one fails. Returns its rows, and the error of the first one if that failed.
   */
  both<Row, In extends object>(
    first: Filled<unknown>,
    second: { readonly template: Template<In, Row>; readonly input: In },
  ): Promise<{ readonly rows: Row[]; readonly missed: unknown }>;
  /**
   * Does the work when it is the turn of a write of the resource, so that writes leave connections
   * to everything else. Don't nest: the inner work could wait for the outer one.
   */
  writing<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** Runs the statements of a read one after the other. */
  readonly reader: Reader;
  readonly searches: SearchesOfStore;
  /** For statements that Drizzle prepared. */
  guarded<T>(query: () => Promise<T>): Promise<T>;
  /** The pooler in between, if there is one, which gives each transaction another session. */
  pooler(): Promise<Pooler | undefined>;
  /** Waits for statements that are still running. */
  close(): Promise<void>;
}

/** Long reads may have to wait for other long reads. */
const PATIENCE_OF_READS = { ms: SEARCH_PATIENCE_MS, refusal: tooManySearches };

const othersHang = () => unavailable(new Error('other reads of the integration take too long'));

const BEGIN: readonly SentStatement[] = [{ text: 'BEGIN' }];
const COMMIT: readonly SentStatement[] = [{ text: 'COMMIT' }];
const ROLLBACK: readonly SentStatement[] = [{ text: 'ROLLBACK' }];

export const compose = composer(new PgDialect(), (position) => `$${position}`);

/** `limits` differ in tests only. */
export function openConnections(
  settings: Settings,
  size: number,
  limits: Partial<Limits> = {},
): Connections {
  const bounds = { ...LIMITS, ...limits };
  const { work, reserved, writes } = sharesOf(size);
  const pool = new Pool(settings, work, bounds);
  const own = reserved === 0 ? pool : new Pool(settings, reserved, bounds);
  const turns = new Turns(writes, bounds.acquireMs);
  const runners = runnersOn(pool);
  // A long read takes the turn of a write, so that both together leave connections to other reads.
  // If there is only one turn, it must not hold that one.
  const long = writes === 1 ? new Turns(1, bounds.acquireMs) : turns;
  const transaction: Transaction = (read) =>
    long.take('long reads', () => runners.transaction(read), PATIENCE_OF_READS);
  // Some look-ups find very many rows. Those of one integration leave connections to the others.
  const reads = new Turns(work, bounds.acquireMs);
  const patience = { ms: bounds.acquireMs, refusal: othersHang };
  const rows = (integrationId: string, statement: SentStatement) =>
    reads.take(integrationId, () => read(pool, statement), patience);
  const shares = new SharedReads(rows, bounds.acquireMs);
  const rowsOf = (integrationId: string, { template, input }: ReadStep) =>
    template instanceof SharedTemplate
      ? shares.rows(integrationId, template, input)
      : rows(integrationId, sent(template, input));
  const searches = new Searches(transaction);
  const large = new Searches(transaction, MAX_WAITING_READS);
  return {
    ...runners,
    reader: readerOf({
      direct: ({ integrationId, steps }) => perform(steps, (step) => rowsOf(integrationId, step)),
      apart: ({ integrationId, steps, client }) => searches.run(integrationId, steps, client),
      whole: ({ integrationId, steps, client }) => large.run(integrationId, steps, client),
    }),
    searches: { search: searches.counts, members: large.counts },
    both: async <Row>(first: Filled<unknown>, second: Filled<Row>) => {
      const { answer, missed } = await both(
        pool,
        sent(first.template, first.input),
        sent(second.template, second.input),
      );
      return { rows: answer.rows as Row[], missed };
    },
    reserved: runnersOn(own),
    guarded,
    writing: (id, work) => turns.take(id, work),
    pooler: () =>
      onSession(pool, async ({ direct, names }) =>
        direct ? undefined : { isToPrepare: settings().poolerPrepares === true, prepares: names },
      ),
    close: async () => {
      searches.close();
      large.close();
      await Promise.all([pool.close(), own === pool ? undefined : own.close()]);
    },
  };
}

/**
 * Divides a process's connections. The reserved ones are few, because what runs on them is short.
 * Writes of users and groups leave one of the others to reads.
 */
function sharesOf(size: number) {
  const reserved = size < 2 ? 0 : size < 8 ? 1 : 2;
  const work = size - reserved;
  const writes = Math.max(1, Math.min(Math.floor(size * 0.7), work - 1));
  return { work, reserved, writes };
}

function runnersOn(pool: Pool): Connections['reserved'] {
  return {
    ...queriesOf(asking(pool)),
    orm: drizzle(async (text, values, method) => {
      const statement = { text, values, asArrays: method === 'all' };
      const [answer] = await again(() =>
        onSession(pool, (session) => session.askAlone([statement])),
      );
      return { rows: answer?.rows ?? [] };
    }),
    transaction: (work) => again(() => onSession(pool, (session) => inTransaction(session, work))),
  };
}

type Ask = (statements: readonly SentStatement[]) => Promise<readonly Answered[]>;

const asking =
  (pool: Pool): Ask =>
  (statements) =>
    again(() => onSession(pool, (session) => guarded(() => session.askAlone(statements))));

function queriesOf(ask: Ask): Queries {
  const query = async (statement: SQL | Template<object, unknown>, input?: object) => {
    const [answer] = await ask([sent(statement, input)]);
    if (answer === undefined) throw new Error('the server did not respond to a statement');
    return answer;
  };
  const all = async (statement: SQL | Template<object, unknown>, input?: object) =>
    (await query(statement, input)).rows;
  const run = async (statement: SQL | Template<object, unknown>, input?: object) =>
    (await query(statement, input)).rowCount;
  return {
    all: all as Queries['all'],
    run: run as Queries['run'],
    together: async <Row>(statements: readonly (SQL<Row> | Filled<Row>)[]) => {
      const answers = await ask(
        statements.map((each) => ('input' in each ? sent(each.template, each.input) : sent(each))),
      );
      return answers.map(({ rows }) => rows as Row[]);
    },
  };
}

function sent(statement: SQL | Template<object, unknown>, input: object = {}): SentStatement {
  const { sql: text, params } =
    statement instanceof Template ? statement.statement(input) : compose(statement);
  const isOfRequest = !(statement instanceof Template) || statement.isOfRequest;
  return { text, values: params as readonly BoundValue[], isOfRequest };
}

/** The transaction begins with its first statements, in the same round trip. */
async function inTransaction<T>(
  session: Session,
  work: (queries: Queries) => Promise<T>,
): Promise<T> {
  let before = [...BEGIN, ...session.settings];
  const ask: Ask = async (statements) => {
    const opening = before;
    before = [];
    const answers = await asked(session, [...opening, ...statements]);
    return answers.slice(opening.length);
  };
  try {
    const result = await work(queriesOf(ask));
    if (before.length > 0) return result;
    const [committed] = await asked(session, COMMIT);
    // After a failed statement, PostgreSQL responds to COMMIT by rolling back, without an error.
    if (committed?.command !== 'COMMIT') throw new Error('a transaction continued after an error');
    return result;
  } catch (error) {
    if (!session.lost && before.length === 0) {
      await asked(session, ROLLBACK).catch(() => {
        session.lost = true;
      });
    }
    throw error;
  }
}
