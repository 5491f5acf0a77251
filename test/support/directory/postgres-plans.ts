/** The plans of the directory's statements on PostgreSQL, and how many rows they read. */
import pg from 'pg';
import { expect, vi } from 'vitest';
import type { SentStatement } from '../../../src/directory/postgres/connection/round-trip.ts';
import { Session } from '../../../src/directory/postgres/connection/session.ts';

export interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

/** Also runs now and then, after any write; see Statistics. */
const STATISTICS = /\bpg_class\b/;

/** The statements that the work runs, without those of transactions. */
export async function statementsOf(work: () => Promise<unknown>): Promise<SentStatement[]> {
  const all = vi.spyOn(Session.prototype, 'askAll');
  const each = vi.spyOn(Session.prototype, 'askEach');
  await work();
  const statements = [...each.mock.calls, ...all.mock.calls].flatMap(([sent]) => sent);
  all.mockRestore();
  each.mockRestore();
  return statements.filter(
    ({ text }) => /^\s*(SELECT|WITH|UPDATE|INSERT|DELETE)/.test(text) && !STATISTICS.test(text),
  );
}

/** How often PostgreSQL plans each statement of the work if it runs `runs` times. */
export async function planningsOf(
  client: pg.Client,
  work: () => Promise<unknown>,
  runs: number,
): Promise<number[]> {
  const plannings: number[] = [];
  for (const { text, values = [] } of await statementsOf(work)) {
    const given = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
    await client.query(`PREPARE p AS ${text}`);
    for (let run = 0; run < runs; run++) await client.query(`EXECUTE p${given}`);
    const { rows } = await client.query(
      "SELECT custom_plans FROM pg_prepared_statements WHERE name = 'p'",
    );
    await client.query('DEALLOCATE p');
    plannings.push(Number(rows[0].custom_plans));
  }
  expect(plannings).not.toEqual([]);
  return plannings;
}

/**
 * The plan of each statement that the work runs, from a second run on the client that is rolled
 * back.
 */
export async function plansOf(
  client: pg.Client,
  work: () => Promise<unknown>,
  mode: string,
): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const { text, values } of await statementsOf(work)) {
    await client.query(`BEGIN; SET LOCAL plan_cache_mode = ${mode}; PREPARE p AS ${text}`);
    // The statement appends its entry under the same id as in the first run, and changes the same
    // version of a user.
    await client.query(
      'DELETE FROM activity; UPDATE access SET version = version - 1 WHERE version > 1',
    );
    plans.push(await planOf(client, 'p', values));
    await client.query('ROLLBACK; DEALLOCATE p');
  }
  expect(plans).not.toEqual([]);
  return plans;
}

/** Executes a prepared statement. */
export async function planOf(
  client: pg.Client,
  name: string,
  values: readonly unknown[] = [],
): Promise<Plan> {
  const given = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
  const { rows } = await client.query(
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE ${name}${given}`,
  );
  return rows[0]['QUERY PLAN'][0].Plan;
}

function literal(value: unknown): string {
  if (value === null) return 'NULL';
  return pg.escapeLiteral(
    Array.isArray(value) ? `{${value.map(elementOf).join(',')}}` : String(value),
  );
}

const elementOf = (value: unknown) => (value === null ? 'NULL' : JSON.stringify(String(value)));

/**
 * The largest number of rows that one table or join of the plan read, whether or not they were of
 * use.
 */
export function mostRowsRead(plan: Plan): number {
  const removed =
    (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Join Filter'] ?? 0);
  const produced = plan['Relation Name'] === undefined ? 0 : plan['Actual Rows'];
  const own = (produced + removed) * plan['Actual Loops'];
  return Math.max(own, ...(plan.Plans ?? []).map(mostRowsRead));
}

/** All nodes of the plan. */
export function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}
