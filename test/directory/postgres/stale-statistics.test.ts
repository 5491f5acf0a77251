/**
 * Plans when statistics are stale: taken while the tables were empty, or before most rows were
 * deleted. No plan may read a table for each row of another one, with the settings of the
 * directory's sessions and (behind a pooler) without them.
 */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SESSION_SETTINGS } from '../../../src/directory/postgres/connection/session-settings.ts';
import type { Scope } from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import type { Attributes } from '../../../src/scim/resource.ts';
import { newPostgres, type PostgresDirectory } from '../../support/directory/postgres.ts';
import {
  mostRowsRead,
  nodesOf,
  planOf,
  plansOf,
  statementsOf,
} from '../../support/directory/postgres-plans.ts';
import { add, at, groupQuery, remove, userQuery } from '../contract/fixture.ts';

const SCOPE: Scope = { tenant: 't', integrationId: 'i' };
const USER = 'u00050';
const OUTSIDER = 'u00010';
const CROWD = Array.from({ length: 20 }, (_, n) => `u${String(n + 100).padStart(5, '0')}`);
let created = 0;
const switched = (user: Attributes): Attributes => ({ ...user, active: user.active !== true });
const TABLES = ['access', 'access_values', 'groups', 'external_ids'];
const GROWING = [...TABLES, 'group_members', 'counters'];
const of = (statement: string) =>
  GROWING.map((table) => `${statement.replace('?', table)};`).join('');
const ANALYZE = of('ANALYZE ?');

/** Each of the first users is in ten groups; there are 300. */
const fill = (users: number) => `
INSERT INTO access SELECT 't', 'u' || lpad(i::text, 5, '0'), 'x' || i, 'user' || i, TRUE,
  jsonb_build_object('userName', 'user' || i, 'emails',
    jsonb_build_array(jsonb_build_object('type', 'work', 'value', 'user' || i || '@a'))),
  json_build_object('userName', 'user' || i), 1, 1, 1 FROM generate_series(1, ${users}) i;
INSERT INTO access_values SELECT tenant, user_name_key || '@a', id, E'\\n"work"' FROM access;
INSERT INTO groups SELECT 't', 'g' || i, 'group' || i, jsonb_build_object('displayName', 'group' || i),
  json_build_object('displayName', 'group' || i), 1, 1, 1 FROM generate_series(1, 300) i;
INSERT INTO external_ids SELECT tenant, 'i', id, 'User', 'e' || user_name_key FROM access;
INSERT INTO external_ids SELECT tenant, 'i', id, 'Group', 'e' || display_name_key FROM groups;
INSERT INTO group_members SELECT tenant, 'g' || (1 + (right(id, 3)::integer * k) % 300), id, 'User'
  FROM access, generate_series(1, 10) k WHERE id <= 'u01000' ON CONFLICT DO NOTHING;
INSERT INTO counters SELECT tenant, 'users', 0, count(*) FROM access GROUP BY tenant;
INSERT INTO counters SELECT tenant, 'groups', 0, count(*) FROM groups GROUP BY tenant;`;

/** Groups of all users, which have come and gone. */
const LARGE_GROUPS = `
INSERT INTO group_members SELECT tenant, 'h' || k, id, 'User' FROM access, generate_series(1, 10) k;
${ANALYZE}
DELETE FROM group_members WHERE group_id LIKE 'h%';`;

const STATES: readonly [string, string][] = [
  ['taken while the tables were empty', `${ANALYZE}${fill(10_000)}`],
  ['taken with few rows', `${fill(20)}${ANALYZE}${of('DELETE FROM ?')}${fill(10_000)}`],
  ['taken before large groups were deleted', `${fill(10_000)}${LARGE_GROUPS}`],
  [
    'taken before most rows were deleted',
    `${fill(10_000)}${ANALYZE}${of('DELETE FROM ?')}${fill(500)}`,
  ],
  ['fresh', `${fill(10_000)}${ANALYZE}`],
];

const workOf = ({ users, groups }: Store): Readonly<Record<string, () => Promise<unknown>>> => {
  const list = (filter?: string) => async () =>
    users.list(SCOPE, userQuery({ ...(filter && { filter }), limit: 100, related: true }));
  return {
    [PAGES[0]]: list(),
    'a user by userName': list('userName eq "user50"'),
    'a user by email': list('emails[type eq "work" and value eq "user50@a"]'),
    'a user by externalId': list('externalId eq "euser50"'),
    [PAGES[1]]: list('groups.value eq "g40"'),
    'a user with groups': async () => users.get(SCOPE, USER, true),
    'a group with members': async () => groups.get(SCOPE, 'g40', true),
    'a group by name and member': async () =>
      groups.list(SCOPE, groupQuery({ filter: `id eq "g40" and members eq "${USER}"`, limit: 1 })),
    'a user who is created': () => {
      const id = `new${++created}`;
      const emails = [{ value: `${id}@a` }];
      const attributes = { userName: id, active: true, externalId: id, emails };
      return users.create(SCOPE, { id, attributes, at: at(1) });
    },
    'a user who is switched on or off': () =>
      users.change(SCOPE, USER, ({ profile }) => switched(profile.attributes), at(1)),
    'users whose addresses change together': () =>
      Promise.all(
        CROWD.map((id) => {
          const address = () => ({
            userName: `user${Number(id.slice(1))}`,
            emails: [{ value: `${id}@${++created}` }],
          });
          return users.change(SCOPE, id, address, at(1));
        }),
      ),
    'a member who joins': () => groups.change(SCOPE, 'g40', undefined, [add(OUTSIDER)], at(1)),
    'a member who leaves': () => groups.change(SCOPE, 'g40', undefined, [remove(OUTSIDER)], at(1)),
    'many members who join at once': () =>
      groups.change(SCOPE, 'g60', undefined, [add(OUTSIDER, ...CROWD)], at(1)),
    'members who join and leave together': () =>
      Promise.all([
        ...['g50', 'g51'].map((id) => groups.change(SCOPE, id, undefined, [add(OUTSIDER)], at(1))),
        groups.change(SCOPE, 'g52', undefined, [remove(OUTSIDER)], at(1)),
      ]),
    'a group that is renamed': () =>
      groups.change(SCOPE, 'g41', () => ({ displayName: `renamed ${++created}` }), [], at(1)),
  };
};

const PAGES = ['a page of users with groups', 'the users in a group'] as const;
/** Ten groups of each of 100 users, and their names. */
const FEW = 1_500;
/** If PostgreSQL takes a tenant for smaller than the page, it may read the ids of all its users. */
const ONCE = 10_100;
const pages = new Set<string>(PAGES);
/** Between two members of a group, the other index has all groups of all users between them. */
const MEMBERS_OF_GROUP = 'group_members_pkey';
const WIDE = [...TABLES, 'group_members'];
const SETTINGS = Object.entries(SESSION_SETTINGS).map(
  ([name, value]) => `SET ${name} = '${value}';`,
);

/** What is wrong with the plans of the work. */
async function faults(name: string, work: () => Promise<unknown>, isDirect: boolean) {
  const found: unknown[] = [];
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    for (const plan of await plansOf(client, work, mode)) {
      const read = mostRowsRead(plan);
      if (read >= (pages.has(name) ? ONCE : FEW)) found.push({ name, mode, read });
      const scanned = nodesOf(plan).filter((node) => node['Node Type'] === 'Seq Scan');
      const tables = scanned.map((node) => node['Relation Name'] ?? '');
      const wide = tables.filter((table) => WIDE.includes(table));
      if (isDirect && wide.length > 0) found.push({ name, mode, wide });
      const ranges = nodesOf(plan).filter((node) => node['Index Cond']?.includes('member_id >='));
      const indexes = ranges.map((node) => node['Index Name']);
      if (indexes.some((index) => index !== MEMBERS_OF_GROUP)) found.push({ name, mode, indexes });
    }
  }
  return found;
}

let directory: PostgresDirectory;
let client: pg.Client;
beforeEach(async () => {
  directory = await newPostgres();
  client = new pg.Client({ connectionString: directory.database.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await directory.close();
});

describe.each(STATES)('with statistics %s, PostgreSQL', (_, statements) => {
  it('finds everything by index', async () => {
    await client.query(of('ALTER TABLE ? SET (autovacuum_enabled = off)'));
    for (const each of statements.split(';')) await client.query(each);
    for (const isDirect of [false, true]) {
      if (isDirect) await client.query(SETTINGS.join(''));
      for (const [name, work] of Object.entries(workOf(directory.store))) {
        expect(await faults(name, work, isDirect)).toEqual([]);
      }
    }
  });
});

describe('with plans that were made for a few users, PostgreSQL', () => {
  it('finds everything by index', async () => {
    await client.query(of('ALTER TABLE ? SET (autovacuum_enabled = off)'));
    await client.query(fill(10_000));
    const sent: [name: string, statement: string, values: readonly unknown[]][] = [];
    for (const [name, work] of Object.entries(workOf(directory.store)))
      for (const { text, values = [] } of await statementsOf(work)) sent.push([name, text, values]);
    await client.query(of('DELETE FROM ?'));
    for (const table of GROWING) await client.query(`VACUUM ${table}`);
    await client.query(`${fill(20)}${ANALYZE}`);
    await client.query(SETTINGS.join(''));
    const execute = async (n: number) => {
      await client.query('BEGIN; DELETE FROM activity');
      const plan = await planOf(client, `p${n}`, sent[n]?.[2]);
      await client.query('ROLLBACK');
      return mostRowsRead(plan);
    };
    for (const [n, [, text]] of sent.entries()) {
      await client.query(`PREPARE p${n} AS ${text}`);
      await execute(n);
    }
    await client.query(`${of('DELETE FROM ?')}${fill(10_000)}`);
    for (const [n, [name]] of sent.entries()) {
      const read = await execute(n);
      expect({ name, few: read < (pages.has(name) ? ONCE : FEW), read }).toMatchObject({
        few: true,
      });
    }
  });
});
