/**
 * The look-ups of identity providers, as SQLite plans them. Each uses an index, whatever the size
 * of the directory.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SQL } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMembershipStore } from '../../../src/directory/sql/followed-group-store.ts';
import { type Connections, openConnections } from '../../../src/directory/sqlite/connections.ts';
import { sqliteDialect } from '../../../src/directory/sqlite/dialect.ts';
import { createGroupStore } from '../../../src/directory/sqlite/group-store.ts';
import { ActivityLog } from '../../../src/directory/sqlite/log/activity-log.ts';
import { createUserStore } from '../../../src/directory/sqlite/user-store.ts';
import type { GroupStore, UserStore } from '../../../src/directory/store/resources.ts';
import { STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';
import { ENTERPRISE_USER_URN } from '../../../src/scim/schemas/enterprise-user.ts';
import { ACME, groupQuery, userQuery } from '../contract/fixture.ts';

let folder: string;
let connections: Connections;
let users: UserStore;
let groups: GroupStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scim-plans-'));
  connections = openConnections(join(folder, 'directory.db'), Date.now);
  const activity = new ActivityLog(connections, {});
  users = createUserStore(connections, STANDARD_RESOURCE_TYPES, activity);
  groups = createGroupStore(connections, STANDARD_RESOURCE_TYPES, activity);
  // The filters below find this, so that they go on to read a page.
  const attributes = {
    userName: 'x',
    externalId: 'x',
    active: true,
    title: 'x',
    emails: [{ value: 'x', type: 'work' }],
    [ENTERPRISE_USER_URN]: { manager: { value: 'y' } },
  };
  await users.create(ACME, { id: 'u', attributes, at: 0 });
  const group = { displayName: 'x', externalId: 'x' };
  await groups.create(ACME, { id: 'g', attributes: group, members: ['u'], at: 0 });
});

afterAll(async () => {
  await connections.close();
  await rm(folder, { recursive: true });
});

/** The plans of the statements that the list runs. */
async function plansOf(list: () => unknown): Promise<readonly string[][]> {
  const { raw } = connections.read;
  const prepare = vi.spyOn(raw, 'prepare');
  await list();
  const texts = prepare.mock.calls.map(([text]) => text);
  prepare.mockRestore();
  return texts.map((text) => {
    const parameters = text.match(/\?/g) ?? [];
    return raw
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
      .all(...parameters.map(() => null))
      .map(({ detail }) => detail);
  });
}

/**
 * Steps that read a whole table or tenant. Table-valued functions and the query's own tables are
 * small.
 */
function wide(plan: readonly string[]): readonly string[] {
  return plan.filter(
    (step) =>
      step === 'no statement' ||
      (/^SCAN /.test(step) && !/VIRTUAL TABLE|CONSTANT ROW|^SCAN (up|down|m)\b/.test(step)) ||
      /\(tenant=\?\)/.test(step),
  );
}

const USER_FILTERS = [
  'id eq "u"',
  'userName eq "x"',
  'externalId eq "x"',
  'emails.value eq "x"',
  'emails[value eq "x"]',
  'emails[type eq "work" and value eq "x"]',
  'emails[value eq "x" or value eq "y"]',
  'active eq true and userName eq "x"',
  'userName eq "x" or externalId eq "y" or emails.value eq "z"',
  '(userName eq "x" and title pr) or (emails[type eq "work" and value eq "y"] and active eq true)',
  'id eq "u" and manager eq "y"',
  'groups.value eq "g"',
  'groups[value eq "g" and type eq "direct"]',
];
const GROUP_FILTERS = [
  'id eq "g"',
  'displayName eq "x"',
  'externalId eq "x"',
  'members eq "u"',
  'members[value eq "u"]',
  'id eq "g" and members eq "u"',
  'id eq "g" and members[value eq "u" and type eq "User"]',
  'displayName eq "x" or externalId eq "x"',
];

describe('a look-up on SQLite', () => {
  it.each(USER_FILTERS)('of users by %s reads no table as a whole', async (filter) => {
    // A full page, so that the others are counted.
    const list = () => users.list(ACME, userQuery({ filter, limit: 1 }));
    const [paging, counting] = await plansOf(list);
    expect(wide(counting ?? ['no statement'])).toEqual([]);
    expect(wide(paging ?? ['no statement'])).toEqual([]);
  });

  it.each(GROUP_FILTERS)('of groups by %s reads no table as a whole', async (filter) => {
    const list = () => groups.list(ACME, groupQuery({ filter, limit: 1 }));
    const [paging, counting] = await plansOf(list);
    expect(wide(counting ?? ['no statement'])).toEqual([]);
    expect(wide(paging ?? ['no statement'])).toEqual([]);
  });

  it.each([
    'externalId eq "x"',
    'emails.value eq "x"',
    'emails[type eq "work" and value eq "x"]',
    'externalId eq "x" and active eq true',
  ])('by %s goes from an index to the rows, without a list or a sort', async (filter) => {
    // The statements of the first page by index are prepared already.
    const query = { ...userQuery({ filter }), start: { after: undefined } };
    const [paging = []] = await plansOf(() => users.list(ACME, query));
    expect(paging[0]).toMatch(/^SEARCH [vx] /);
    expect(paging.filter((step) => /LIST SUBQUERY|TEMP B-TREE/.test(step))).toEqual([]);
  });

  it('of followed groups reads no table as a whole', async () => {
    const all = async <Row>(statement: SQL<Row>) => connections.read.all(statement);
    const queries = { dialect: sqliteDialect, all, acrossTenants: all };
    const memberships = createMembershipStore(queries);
    const limits = { members: 10, groups: 10 };
    const selectors = [{ displayName: 'x' }, { externalId: 'x' }];
    const plans = await plansOf(async () => {
      for (const selector of selectors)
        await memberships.read(ACME.tenant, selector, limits, 'externalId');
      await memberships.of(ACME.tenant, 'a', 'externalId');
      await memberships.bases(
        selectors.map((selector) => ({ tenant: ACME.tenant, selector, groupIds: ['g'] })),
      );
    });
    expect(plans.length).toBeGreaterThan(6);
    expect(plans.flatMap(wide)).toEqual([]);
  });

  it('is prepared once for all values', async () => {
    const list = (value: string) => () =>
      users.list(ACME, userQuery({ filter: `nickName eq "${value}"`, related: true }));
    expect(await plansOf(list('x'))).not.toEqual([]);
    expect(await plansOf(list('y'))).toEqual([]);
  });

  it('differs from a filter that has no index', async () => {
    const plans = await plansOf(() => users.list(ACME, userQuery({ filter: 'title co "x"' })));
    expect(plans.flatMap(wide)).not.toEqual([]);
  });
});
