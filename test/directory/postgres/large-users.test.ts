/** Large users who are changed or created at the same time: they are written in parts. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SentStatement } from '../../../src/directory/postgres/connection/round-trip.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import type { Attributes } from '../../../src/scim/resource.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import { statementsOf } from '../../support/directory/postgres-plans.ts';
import { troubles } from '../../support/directory/postgres-tables.ts';
import { eventually } from '../../support/eventually.ts';
import { ACME, addUser, at } from '../contract/fixture.ts';

let directory: PostgresDirectory;
let store: Store;
beforeEach(async () => {
  directory = await usePostgres();
  store = directory.store;
});
afterEach(() => directory.close());

const USERS = Array.from({ length: 10 }, (_, n) => `user${n}`);
/** Characters of one user and of one statement. */
const LARGE = 60_000;
const MOST = 600_000;
const large = (text: string): Attributes => ({ displayName: text, title: text.repeat(LARGE) });
const add = (attributes: Attributes) =>
  Promise.all(USERS.map(async (name) => (await addUser(store, ACME, name, attributes)).id));
const change = (id: string, more: Attributes) =>
  store.users.change(ACME, id, ({ profile }) => ({ ...profile.attributes, ...more }), at(1));
const outcomesOf = async (changes: readonly Promise<{ version: number }>[]) => {
  const outcomes = await Promise.allSettled(changes);
  return outcomes.map((each) => (each.status === 'fulfilled' ? each.value.version : 'refused'));
};
const versions = (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await store.users.get(ACME, id, false))?.version));
/** How often each user was changed, as the activity log tells. */
const changesOf = async (ids: readonly string[]) => {
  const rows = await directory.database.query<{ id: string; count: number }>(
    `SELECT resource_id AS id, count(*)::integer FROM activity WHERE operation = 'update' GROUP BY 1`,
  );
  const counts = new Map(rows.map(({ id, count }) => [id, count]));
  return ids.map((id) => counts.get(id) ?? 0);
};

/** Characters of the values of each statement that writes users. */
async function sizesOf(work: () => Promise<unknown>): Promise<number[]> {
  const sent = await statementsOf(work);
  return sent.filter(({ text }) => text.includes('INSERT INTO access ')).map(sizeOf);
}
const sizeOf = ({ values = [] }: SentStatement) => values.flat(2).join('').length;

describe('no statement writes more than a few large users', () => {
  it.each([
    ['who stay large', large('a')],
    ['who become large', {}],
  ])('%s', async (_, before) => {
    const ids = await add(before);
    const sizes = await sizesOf(() => Promise.all(ids.map((id) => change(id, large('b')))));
    expect(Math.max(...sizes)).toBeLessThan(MOST);
    expect(await versions(ids)).toEqual(ids.map(() => 2));
    expect(await changesOf(ids)).toEqual(ids.map(() => 1));
    expect(await troubles(directory.database)).toEqual([]);
  });

  it('who are created', async () => {
    const sizes = await sizesOf(() => add(large('a')));
    expect(Math.max(...sizes)).toBeLessThan(MOST);
    expect(sizes.length).toBeLessThan(USERS.length);
  });
});

describe('if the change of one of several large users', () => {
  it('is refused, the others are made once', async () => {
    const ids = await add(large('a'));
    const changes = ids.map((id, n) => change(id, { displayName: n === 5 ? 'nul \u0000' : 'b' }));
    const expected = ids.map((_, n) => (n === 5 ? 'refused' : 2));
    expect(await outcomesOf(changes)).toEqual(expected);
    expect(await changesOf(ids)).toEqual(ids.map((_, n) => (n === 5 ? 0 : 1)));
  });

  describe('waits for another session', () => {
    let holder: pg.Client;
    beforeEach(async () => {
      holder = new pg.Client({ connectionString: directory.database.url });
      await holder.connect();
    });
    afterEach(() => holder.end());
    /** The statement that changes the sixth user waits for its link. */
    const begun = async () => {
      const ids = await add({ ...large('a'), externalId: 'a' });
      await holder.query('BEGIN');
      await holder.query(`SELECT 1 FROM external_ids WHERE resource_id = '${ids[5]}' FOR UPDATE`);
      return { ids, outcomes: outcomesOf(ids.map((id) => change(id, { externalId: 'b' }))) };
    };

    it('and is refused for it, the others are made once', async () => {
      const { ids, outcomes } = await begun();
      const expected = ids.map((_, n) => (n === 5 ? 'refused' : 2));
      expect(await outcomes).toEqual(expected);
      expect(await changesOf(ids)).toEqual(ids.map((_, n) => (n === 5 ? 0 : 1)));
    });

    it('and loses its connection, those before it are made, and those behind it are refused', async () => {
      const { ids, outcomes } = await begun();
      await eventually(async () => {
        const { rows } = await holder.query(`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))
        `);
        expect(rows).toHaveLength(1);
      });
      const made = await outcomes;
      expect(made.slice(0, 3)).toEqual([2, 2, 2]);
      expect(made.slice(5)).toEqual(ids.slice(5).map(() => 'refused'));
      expect(await changesOf(ids)).toEqual(made.map((each) => (each === 2 ? 1 : 0)));
    });
  });
});
