/**
 * How many rows PostgreSQL reads for the requests of identity providers in a directory of some
 * size: those that were asked for, and not a whole tenant or group.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../src/directory/open.ts';
import { SESSION_SETTINGS } from '../../../src/directory/postgres/connection/session-settings.ts';
import type { MembershipLimits } from '../../../src/directory/store/followed-groups.ts';
import type { GroupRecord, Scope } from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { newPostgres, type PostgresDirectory } from '../../support/directory/postgres.ts';
import {
  mostRowsRead,
  nodesOf,
  planningsOf,
  plansOf,
} from '../../support/directory/postgres-plans.ts';
import { eventually } from '../../support/eventually.ts';
import { add, at, groupQuery, remove, userQuery } from '../contract/fixture.ts';

const SCOPE: Scope = { tenant: 't2', integrationId: 'i' };
/** One of 10,000 in its tenant, and a member of `big`, `small` and a few more groups. */
const USER = 'u00050';
const OTHER = 'u09999';
const PAGE = Array.from({ length: 50 }, (_, index) => `u${String(index + 1).padStart(5, '0')}`);

const FILL = `
INSERT INTO access SELECT 't' || t, 'u' || lpad(i::text, 5, '0'), 'x' || i, 'user' || i, TRUE,
  jsonb_build_object('userName', 'user' || i, 'title', 'x',
    'emails', jsonb_build_array(jsonb_build_object('type', 'work', 'value', 'user' || i || '@a'))),
  json_build_object('userName', 'user' || i, 'title', repeat('x', 200)), 1, 1, 1
  FROM generate_series(1, 10000) i, generate_series(1, 3) t WHERE t = 2 OR i <= 2000;
INSERT INTO access_values SELECT tenant, user_name_key || '@a', id, E'\\n"work"' FROM access;
INSERT INTO groups SELECT 't' || t, CASE i WHEN 1 THEN 'big' WHEN 2 THEN 'small' ELSE 'g' || i END, 'group' || i,
  jsonb_build_object('displayName', 'group' || i), json_build_object('displayName', 'group' || i),
  1, 1, 1 FROM generate_series(1, 200) i, generate_series(1, 3) t;
INSERT INTO external_ids SELECT tenant, 'i', id, 'User', 'e' || user_name_key FROM access;
INSERT INTO external_ids SELECT tenant, 'i', id, 'Group', 'e' || display_name_key FROM groups;
INSERT INTO group_members SELECT tenant, 'big', id, 'User' FROM access WHERE id <= 'u09000';
INSERT INTO group_members SELECT tenant, 'small', id, 'User' FROM access WHERE id <= 'u00100';
INSERT INTO group_members SELECT tenant, 'g' || (3 + right(id, 4)::integer % 198), id, 'User' FROM access;
INSERT INTO group_members SELECT tenant, 'g4', 'g3', 'Group' FROM groups WHERE id = 'g4';
INSERT INTO counters SELECT tenant, 'users', 0, count(*) FROM access GROUP BY tenant;
INSERT INTO counters SELECT tenant, 'groups', 0, count(*) FROM groups GROUP BY tenant;`;

let directory: PostgresDirectory;
let store: Store;
let client: pg.Client;
beforeAll(async () => {
  directory = await newPostgres();
  store = directory.store;
  client = new pg.Client({ connectionString: directory.database.url });
  await client.connect();
  await client.query(FILL);
});
afterAll(async () => {
  await client.end();
  await directory.close();
});

const users = (filter: string) => async () =>
  store.users.list(SCOPE, userQuery({ filter, related: true, limit: 100 }));
const groups = (filter: string) => async () =>
  store.groups.list(SCOPE, groupQuery({ filter, limit: 100 }));
const sorted = { sortBy: 'userName', limit: 100 };

const USER_FILTERS = [
  `id eq "${USER}"`,
  'userName eq "user50"',
  'externalId eq "euser50"',
  'emails.value eq "user50@a"',
  'emails[type eq "work" and value eq "user50@a"]',
  'active eq true and userName eq "user50"',
  'userName eq "user50" or externalId eq "y" or emails.value eq "z"',
  'groups.value eq "small"',
];
const GROUP_FILTERS = [
  'id eq "big"',
  'displayName eq "group1"',
  'externalId eq "egroup1"',
  `members eq "${USER}"`,
  `id eq "big" and members eq "${USER}"`,
  `id eq "big" and members[value eq "${USER}" and type eq "User"]`,
];

const read = (displayName: string, limits: MembershipLimits) =>
  store.memberships.read('t2', { displayName }, limits, 'externalId');

const LOOKUPS: readonly [string, () => Promise<unknown>][] = [
  ...USER_FILTERS.map((filter) => [filter, users(filter)] as const),
  ...GROUP_FILTERS.map((filter) => [filter, groups(filter)] as const),
  ['a user with groups', async () => store.users.get(SCOPE, USER, true)],
  ['the members of a group', async () => store.groups.get(SCOPE, 'small', true)],
  ['a group', async () => store.groups.get(SCOPE, 'big', false)],
  ['the users in a followed group', () => read('group2', { members: 100, groups: 2 })],
  ['the groups of a user', () => store.memberships.of('t2', USER, 'externalId')],
  ['the direct groups of a page of users', () => store.people.directGroups('t2', PAGE)],
  ['that a followed group is too large', () => read('group1', { members: 10, groups: 2 })],
  [
    'whether followed groups have changed',
    () =>
      store.memberships.bases([
        { tenant: 't2', selector: { displayName: 'group1' }, groupIds: ['big', 'g3'] },
        { tenant: 't1', selector: { externalId: 'egroup2' }, groupIds: ['small'] },
      ]),
  ],
].map(([name, run]) => [name, run] as [string, () => Promise<unknown>]);

/** Without statistics, PostgreSQL takes these for small, and sorts. */
const OTHERS: readonly [string, () => Promise<unknown>][] = [
  ['the first page', async () => store.users.list(SCOPE, userQuery({ limit: 100 }))],
  [
    'the next page',
    async () => store.users.list(SCOPE, userQuery({ limit: 100, after: { id: USER } })),
  ],
  ['the first page by userName', async () => store.users.list(SCOPE, userQuery(sorted))],
  [
    'the next page by userName',
    async () =>
      store.users.list(SCOPE, userQuery({ ...sorted, after: { sorted: 'user5', id: USER } })),
  ],
  [
    'the next page by userName, descending',
    async () =>
      store.users.list(
        SCOPE,
        userQuery({ ...sorted, sortOrder: 'descending', after: { sorted: 'user5', id: USER } }),
      ),
  ],
];

const MODES = ['force_custom_plan', 'force_generic_plan'];
/** More than a page of 100 users, each in four groups; less than a tenth of the tenant. */
const FEW = 700;

async function expectFew(work: () => Promise<unknown>): Promise<void> {
  for (const mode of MODES) {
    for (const plan of await plansOf(client, work, mode))
      expect(mostRowsRead(plan)).toBeLessThan(FEW);
  }
}

describe('without statistics, PostgreSQL reads little for', () => {
  it.each(LOOKUPS)('%s', (_, work) => expectFew(work));
});

describe('with statistics, PostgreSQL reads little for', () => {
  beforeAll(async () => {
    // Opening a directory without statistics creates them.
    const again = await openDirectory(directory.database.url);
    await eventually(async () => {
      const [row] = await directory.database.query<{ rows: number }>(
        `SELECT reltuples::integer AS rows FROM pg_class WHERE relname = 'group_members'`,
      );
      expect(row?.rows).toBeGreaterThan(10_000);
    });
    await again.close();
  });

  it.each([...LOOKUPS, ...OTHERS])('%s', (_, work) => expectFew(work));

  it.each([
    `id eq "${OTHER}"`,
    'userName eq "user50"',
    'externalId eq "euser50"',
    'emails[type eq "work" and value eq "user50@a"]',
  ])('%s, which is not planned again for each request', async (filter) => {
    await client.query(`SET plan_cache_mode = ${SESSION_SETTINGS.plan_cache_mode}`);
    for (const plannings of await planningsOf(client, users(filter), 2)) expect(plannings).toBe(0);
  });

  it('one user by name, and sorts nothing', async () => {
    const work = users('userName eq "user50"');
    const plans = await plansOf(client, work, SESSION_SETTINGS.plan_cache_mode);
    expect(JSON.stringify(plans)).not.toMatch(/"Sort Key":\["r\.id/);
  });

  it('one member that joins or leaves, as little in a big group as in a small one', async () => {
    const buffersOf = async (id: string) => {
      let buffers = 0;
      for (const decide of [undefined, (group: GroupRecord) => group.profile.attributes]) {
        for (const changes of [[add(OTHER)], [remove(OTHER)]]) {
          const work = () => store.groups.change(SCOPE, id, decide as undefined, changes, at(2));
          for (const plan of await plansOf(client, work, 'force_generic_plan')) {
            expect(mostRowsRead(plan)).toBeLessThan(FEW);
            buffers += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
          }
        }
      }
      return buffers;
    };
    const [small, big] = [await buffersOf('small'), await buffersOf('big')];
    expect(big / small).toBeLessThan(1.5);
  });

  it('a user who is renamed and shared a name with many', async () => {
    const name = { givenName: 'Ann', familyName: 'Miller' };
    const { id } = await store.users.create(SCOPE, {
      id: 'renamed',
      attributes: { userName: 'ann.miller', active: true, name },
      at: at(2),
    });
    const rename = () =>
      store.users.change(
        SCOPE,
        id,
        ({ profile }) => ({
          ...profile.attributes,
          name: { givenName: 'Ann', familyName: 'Moore' },
        }),
        at(3),
      );
    const plans = await plansOf(client, rename, 'force_generic_plan');
    const conditions = plans
      .flatMap(nodesOf)
      .filter((node) => node['Relation Name'] === 'access_values' && node['Index Cond'])
      .map((node) => node['Index Cond']);
    expect(conditions).toHaveLength(1);
    expect(conditions[0]).toContain('access_id = ');
  });

  it('a user that is deleted', () =>
    expectFew(() => store.users.delete(SCOPE, OTHER, () => {}, at(2)).catch(() => undefined)));

  it('a group that is deleted', () =>
    expectFew(() => store.groups.delete(SCOPE, 'g3', () => {}, at(2)).catch(() => undefined)));

  it('nothing that lacks an index', async () => {
    const plans = await plansOf(client, users('title co "y"'), 'auto');
    expect(Math.max(...plans.map(mostRowsRead))).toBeGreaterThan(FEW);
  });
});
