/** Members who join and leave groups at the same time: the changes share a statement. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../src/directory/open.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import type { MemberChange } from '../../../src/scim/members.ts';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import { statementsOf } from '../../support/directory/postgres-plans.ts';
import { deadlocks, troubles } from '../../support/directory/postgres-tables.ts';
import { eventually } from '../../support/eventually.ts';
import { ACME, add, addGroup, addUser, at, memberIds, remove } from '../contract/fixture.ts';

let directory: PostgresDirectory;
let store: Store;
let holder: pg.Client;
beforeEach(async () => {
  directory = await usePostgres();
  store = directory.store;
  holder = new pg.Client({ connectionString: directory.database.url });
  await holder.connect();
});
afterEach(async () => {
  await holder.end();
  await directory.close();
});

const times = <T>(count: number, work: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => work(n)));
const users = (count: number) =>
  times(count, async (n) => (await addUser(store, ACME, `user${n}`)).id);
const groups = (count: number) =>
  times(count, async (n) => (await addGroup(store, ACME, `group${n}`)).id);
const change = (id: string, ...changes: MemberChange[]) =>
  store.groups.change(ACME, id, undefined, changes, at(1));

/** How many statements change members of several groups. */
async function shared(work: () => Promise<unknown>): Promise<number> {
  const sent = await statementsOf(work);
  return sent.filter(({ text }) => text.includes('WINDOW')).length;
}

async function waitingForLocks(): Promise<number> {
  const rows = await directory.database.query(
    `SELECT 1 FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length;
}

describe('changes of members at the same time', () => {
  it('are one statement, and each has its own version and entry', async () => {
    const [ids, [first = '', second = '']] = [await users(20), await groups(2)];
    const versions: number[] = [];
    const sent = await shared(async () => {
      const results = await times(20, (n) =>
        change(n % 2 === 0 ? first : second, add(ids[n] ?? '')),
      );
      versions.push(...results.map(({ group }) => group.version));
    });
    expect(sent).toBe(1);
    expect(versions).toEqual(ids.map((_, n) => 2 + Math.floor(n / 2)));
    expect(await memberIds(store, ACME, first)).toEqual(
      ids.filter((_, n) => n % 2 === 0).toSorted(),
    );
    const entries = await directory.database.query<{ version: number; moved: string }>(
      'SELECT version, moved FROM activity WHERE resource_id = $1 AND version > 1 ORDER BY version',
      [second],
    );
    expect(entries.map(({ version }) => version)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(JSON.parse(entries[0]?.moved ?? '')).toEqual({
      members: { added: [ids[1]], addedCount: 1 },
    });
    expect(await troubles(directory.database)).toEqual([]);
  });

  it('each have their own result', async () => {
    const [ids, [team = '', other = '', inner = '']] = [await users(4), await groups(3)];
    const [ann = '', bob = '', cem = '', dan = ''] = ids;
    await change(team, add(ann, bob));
    const results: unknown[] = [];
    const sent = await shared(async () => {
      const outcomes = await Promise.allSettled([
        change(team, add(cem), remove(ann)),
        change(team, remove(dan)),
        change(other, add(dan, 'nobody')),
        change(other, add(inner)),
        change('no group', add(ann)),
        change(team, add(bob)),
      ]);
      for (const each of outcomes)
        results.push(each.status === 'fulfilled' ? each.value.unknownMembers : each.reason.status);
    });
    // What can only be made alone isn't tried again.
    expect(sent).toBe(1);
    expect(results).toEqual([[], [], ['nobody'], [], 404, []]);
    expect(await memberIds(store, ACME, team)).toEqual([bob, cem].toSorted());
    expect(await memberIds(store, ACME, other)).toEqual([dan, inner].toSorted());
    const [last] = await directory.database.query<{ moved: string }>(
      'SELECT moved FROM activity WHERE resource_id = $1 ORDER BY version DESC',
      [team],
    );
    expect(JSON.parse(last?.moved ?? '')).toEqual({
      members: { added: [cem], addedCount: 1, removed: [ann], removedCount: 1 },
    });
    expect((await store.groups.get(ACME, team, false))?.version).toBe(3);
    expect(await troubles(directory.database)).toEqual([]);
  });

  it('that concern the same member are made in their order', async () => {
    const [[ann = '', bob = ''], [team = '']] = [await users(2), await groups(1)];
    const results = await Promise.all([
      change(team, add(ann)),
      change(team, remove(ann)),
      change(team, add(ann)),
      change(team, remove(ann)),
      change(team, add(bob)),
    ]);
    expect(results.map(({ group }) => group.version)).toEqual([2, 3, 4, 5, 6]);
    expect(await memberIds(store, ACME, team)).toEqual([bob]);
  });

  it('from several processes all take effect, and hardly any is made on its own', async () => {
    const other = await openDirectory(directory.database.url);
    const [ids, teams] = [await users(40), await groups(3)];
    const before = await deadlocks(directory.database);
    const each = (make: (...ids: string[]) => MemberChange) =>
      times(120, (n) => {
        const from = Math.floor(n / 3) % 2 === 0 ? store : other;
        const member = make(ids[Math.floor(n / 3)] ?? '');
        return from.groups.change(ACME, teams[n % 3] ?? '', undefined, [member], at(1));
      });
    let alone = 0;
    const count = async (work: () => Promise<unknown>) => {
      const sent = await statementsOf(work);
      alone += sent.filter(({ text }) => text.includes('overtaken')).length;
    };
    for (let round = 0; round < 5; round++) {
      await count(() => each(add));
      for (const id of teams) expect(await memberIds(store, ACME, id)).toEqual(ids.toSorted());
      await count(() => each(remove));
      for (const id of teams) expect(await memberIds(store, ACME, id)).toEqual([]);
    }
    for (const id of teams) expect((await store.groups.get(ACME, id, false))?.version).toBe(401);
    // Of 1,200.
    expect(alone).toBeLessThan(60);
    expect(await troubles(directory.database)).toEqual([]);
    expect(await deadlocks(directory.database)).toBe(before);
    await other.close();
  });
});

it.each([
  ['a group', `SELECT 1 FROM groups WHERE id = $1 FOR UPDATE`, 0],
  ['a user', `SELECT 1 FROM access WHERE id = $1 FOR UPDATE`, 1],
])('while another session holds the row of %s, others change meanwhile', async (_, hold, which) => {
  const [[ann = '', bob = ''], [team = '', other = '']] = [await users(2), await groups(2)];
  await holder.query('BEGIN');
  await holder.query(hold, [which === 0 ? team : ann]);
  const sent = await shared(async () => {
    const held = change(team, add(ann));
    await change(other, add(bob));
    await eventually(async () => expect(await waitingForLocks()).toBe(1));
    await holder.query('COMMIT');
    await held;
  });
  // It is tried again together before it waits alone, because the row could soon be free.
  expect(sent).toBeGreaterThan(1);
  expect(await memberIds(store, ACME, team)).toEqual([ann]);
});
