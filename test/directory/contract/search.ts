/**
 * The contract of lists: for a filter and a sort order, the database returns what evaluation in
 * memory returns.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  GroupRecord,
  Page,
  PageKey,
  Query,
  Scope,
  StoredResource,
  UserRecord,
} from '../../../src/directory/store/resources.ts';
import type { Eventual } from '../../../src/eventual.ts';
import { comparable } from '../../../src/scim/comparable.ts';
import type { Comparable, Condition, SortKey } from '../../../src/scim/condition.ts';
import { resolveFilter, resolveSort } from '../../../src/scim/condition-resolver.ts';
import { etag } from '../../../src/scim/etag.ts';
import type { Filter } from '../../../src/scim/filter.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/scim/json.ts';
import { withManagerUrl } from '../../../src/scim/manager.ts';
import { matches, order } from '../../../src/scim/match.ts';
import { withComparedReferences } from '../../../src/scim/references.ts';
import { locationOf, represent } from '../../../src/scim/representation.ts';
import { parseResource } from '../../../src/scim/resource.ts';
import { type ResourceTypes, STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';
import type { ResourceType } from '../../../src/scim/schema.ts';
import {
  body,
  ELSEWHERE,
  filters,
  ODDITIES,
  SOME_ID,
  sortableNames,
} from '../../support/scim/arbitrary-resources.ts';
import {
  ACME,
  addGroup,
  addUser,
  at,
  GLOBEX,
  groupNames,
  type Open,
  unpacked,
  userNames,
  userQuery,
  useStore,
} from './fixture.ts';

const { user, group } = STANDARD_RESOURCE_TYPES;
const TYPES: ResourceTypes = {
  user: { ...user, extensions: [...user.extensions, { schema: ODDITIES, required: false }] },
  group: { ...group, extensions: [{ schema: ODDITIES, required: false }] },
};
const NAMES = ['a', 'Ab', 'b', 'É', 'ß', '💼', '\uffee', '10', '9', "a'b"];
const userId = (n: number) => `01934567-89ab-7cde-8f01-0000000000a${n}`;
const groupId = (n: number) => `01934567-89ab-7cde-8f01-0000000000b${n}`;
const IDS = [...[0, 1, 2, 3].map(userId), ...[0, 1, 2].map(groupId)];
const BASE_URL = 'https://scim.example/scim/v2';
const REFS = [
  `${BASE_URL}/Users/${userId(0)}`,
  `../Users/${userId(0)}`,
  `/scim/v2/Users/${userId(1)}`,
  `Groups/${groupId(0)}`,
  `${BASE_URL}/Groups/${groupId(1)}`,
  `${BASE_URL}/Users/${SOME_ID}`,
  `../Users/${SOME_ID}`,
  `/scim/v2/Users/${SOME_ID}`,
  ELSEWHERE,
];
const WORDS = [
  'user',
  'group',
  'User',
  'direct',
  'Indirect',
  'W/"1"',
  'W/"2"',
  'W/"1.abc"',
  '"2"',
  user.schema.id,
  ODDITIES.id,
];

/** The earlier groups that each group contains, as bits, so that there is no cycle. */
const memberships = fc.array(fc.nat(0xffff), { minLength: 0, maxLength: 4 });
const sortOrders = (type: ResourceType) =>
  fc.tuple(fc.constantFrom(...sortableNames(type)), fc.constantFrom('ascending', 'descending'));

const searches = fc.record({
  users: fc.array(body(TYPES.user, 'userName'), { minLength: 1, maxLength: 8 }),
  groups: fc.array(body(TYPES.group, 'displayName'), { maxLength: 4 }),
  memberships,
  userFilters: fc.array(filters(TYPES.user, [...NAMES, ...IDS, ...REFS, ...WORDS]), {
    minLength: 25,
    maxLength: 25,
  }),
  groupFilters: fc.array(filters(TYPES.group, [...NAMES, ...IDS, ...REFS, ...WORDS]), {
    minLength: 15,
    maxLength: 15,
  }),
  userSorts: fc.array(sortOrders(TYPES.user), { minLength: 8, maxLength: 8 }),
  groupSorts: fc.array(sortOrders(TYPES.group), { minLength: 4, maxLength: 4 }),
});
type Search = typeof searches extends fc.Arbitrary<infer T> ? T : never;

interface Email {
  readonly value: string;
  readonly type?: string;
}

const addresses = fc.constantFrom('a@x', 'A@X', 'b@x', 'ann1', 'É');
const emailTypes = fc.constantFrom('work', 'WORK', 'home', 'work"', '\\', 'a\nb', '\n"work"', 'ς');
const emails: fc.Arbitrary<Email> = fc.record(
  { value: addresses, type: emailTypes },
  { requiredKeys: ['value'] },
);
/** Look-ups by an address, most of them with a type. */
const emailFilters = fc
  .tuple(
    addresses,
    emailTypes,
    fc.constantFrom(
      'emails.value eq VALUE',
      'emails[value eq VALUE]',
      'emails[type eq TYPE].value eq VALUE',
      'emails[value eq VALUE and type eq TYPE and type eq "work"]',
      'emails[type ne TYPE and value eq VALUE]',
      'emails[value eq VALUE and not (type eq TYPE)]',
      'emails[value eq VALUE and primary pr and type eq TYPE]',
      'emails[value eq VALUE and (type eq TYPE or type eq "home")]',
      'emails[value eq VALUE and value eq "b@x" and type eq TYPE]',
      'emails.value eq VALUE and emails.type eq TYPE',
      'not (emails[value eq VALUE and type eq TYPE])',
      'emails[type eq TYPE].value eq VALUE or userName eq "ann1"',
      'emails[type eq TYPE].value eq VALUE and emails[value eq "b@x"]',
    ),
  )
  .map(([value, type, filter]) =>
    filter.replace('VALUE', JSON.stringify(value)).replace('TYPE', JSON.stringify(type)),
  );

const idsIn = ({ records }: Page<StoredResource>) => records.map(({ id }) => id);

/** The ids of a sorted list, read page by page with keys. */
async function walk(
  list: (query: Query) => Eventual<Page<StoredResource>>,
  sort: SortKey,
): Promise<readonly string[]> {
  const ids: string[] = [];
  let after: PageKey | undefined;
  do {
    const page = await list({ start: { after }, sort, limit: 2, related: false });
    ids.push(...idsIn(page));
    after = page.next;
  } while (after !== undefined);
  return ids;
}

export function searchContract(open: Open): void {
  describe('a search', () => {
    const opened = useStore(() => open(TYPES));
    let runs = 0;

    it('finds what evaluation in memory finds, in the same order, for any filter and any sort', async () => {
      const store = opened();
      const check = async (search: Search) => {
        const scope = { tenant: `t${++runs}`, integrationId: 'okta' };
        await fill(search, scope);
        const all = { start: { offset: 0 }, limit: 1000, related: true };
        const users = (await store.users.list(scope, all)).records.map((record) => ({
          record,
          resource: userResource(record),
        }));
        const groups = (await store.groups.list(scope, all)).records.map((record) => ({
          record,
          resource: groupResource(record),
        }));
        for (const filter of search.userFilters) {
          const condition = withComparedReferences(resolveFilter(filter, TYPES.user), BASE_URL);
          const page = await store.users.list(scope, { ...all, related: false, filter: condition });
          expectSame(
            page,
            users.filter(({ resource }) => matches(condition, resource)),
            filter,
          );
        }
        for (const filter of search.groupFilters) {
          const condition = withComparedReferences(resolveFilter(filter, TYPES.group), BASE_URL);
          const page = await store.groups.list(scope, {
            ...all,
            related: false,
            filter: condition,
          });
          expectSame(
            page,
            groups.filter(({ resource }) => matches(condition, resource)),
            filter,
          );
        }
        for (const [name, direction] of search.userSorts) {
          const sort = resolveSort(name, direction, TYPES.user);
          const page = await store.users.list(scope, { ...all, related: false, sort });
          expectSame(page, users.toSorted(bySort(sort)), { name, direction });
          expect(await walk((query) => store.users.list(scope, query), sort)).toEqual(idsIn(page));
        }
        for (const [name, direction] of search.groupSorts) {
          const sort = resolveSort(name, direction, TYPES.group);
          const page = await store.groups.list(scope, { ...all, related: false, sort });
          expectSame(page, groups.toSorted(bySort(sort)), { name, direction });
          expect(await walk((query) => store.groups.list(scope, query), sort)).toEqual(idsIn(page));
        }
      };
      const fill = async ({ users, groups, memberships: held }: Search, scope: Scope) => {
        for (const [index, each] of users.entries()) {
          const attributes = parseResource({ ...each, userName: NAMES[index] }, TYPES.user);
          await store.users.create(scope, { id: userId(index), attributes, at: time(index) });
        }
        const ids = users.map((_, index) => userId(index));
        for (const [index, each] of groups.entries()) {
          const id = groupId(index);
          const attributes = parseResource({ ...each, displayName: NAMES[index] }, TYPES.group);
          const members = ids.filter((_, bit) => ((held[index] ?? 0) >> bit) & 1);
          await store.groups.create(scope, { id, attributes, members, at: time(index) });
          ids.push(id);
        }
        const change = ({ profile }: StoredResource) => ({
          ...profile.attributes,
          externalId: 'a',
        });
        await store.users.change(scope, userId(0), change, time(9));
      };
      await fc.assert(fc.asyncProperty(searches, check), {
        numRuns: 40,
        interruptAfterTimeLimit: 20_000,
      });
    });
  });

  describe('a filter', () => {
    const opened = useStore(open);

    it('finds users by the attributes that identity providers look them up by', async () => {
      const store = opened();
      const emails = [
        { value: 'Ann@example.com', type: 'work', primary: true },
        { value: 'ann@home.example', type: 'home' },
      ];
      const ann = await addUser(store, ACME, 'ann', { emails, externalId: '00u1' });
      await addUser(store, ACME, 'bob', { emails: [{ value: 'bob@example.com', type: 'home' }] });
      await addUser(store, GLOBEX, 'ann', { emails, externalId: '00u1' });
      const found = [
        'userName eq "ANN"',
        `id eq "${ann.id}"`,
        'externalId eq "00u1"',
        'emails eq "ann@EXAMPLE.com"',
        'emails.value eq "ann@example.com"',
        'emails[type eq "work" and value eq "ann@example.com"]',
        'emails[value eq "ann@home.example"] and active eq true',
        'userName eq "ann" or emails.value eq "nobody"',
        'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ann"',
      ];
      for (const filter of found) {
        expect([filter, ...(await userNames(store, ACME, { filter }))]).toEqual([filter, 'ann']);
      }
      const missed = ['emails[type eq "home" and value eq "ann@example.com"]', 'userName eq "an"'];
      for (const filter of missed) expect(await userNames(store, ACME, { filter })).toEqual([]);
      for (const filter of ['externalId eq "00u1"', 'userName eq "ann"', found[4] ?? '']) {
        const { records } = await store.users.list(ACME, userQuery({ filter }));
        expect(records.map(({ profile }) => profile.attributes)).toEqual([ann.profile.attributes]);
      }
      const switched = emails.map(({ value }, n) => ({ value, type: n === 0 ? 'home' : 'work' }));
      const change = ({ profile }: UserRecord) => ({ ...profile.attributes, emails: switched });
      await store.users.change(ACME, ann.id, change, at(1));
      const work = (value: string) => ({
        filter: `emails[type eq "work" and value eq "${value}"]`,
      });
      expect(await userNames(store, ACME, work('ann@example.com'))).toEqual([]);
      expect(await userNames(store, ACME, work('ann@home.example'))).toEqual(['ann']);
    });

    it('compares the value and the type of one e-mail address, whatever they contain', async () => {
      const store = opened();
      let runs = 0;
      const check = async (people: readonly Email[][], filters: readonly string[]) => {
        const scope = { ...ACME, tenant: `emails${++runs}` };
        const created: UserRecord[] = [];
        for (const [n, emails] of people.entries()) {
          const attributes = parseResource({ userName: `ann${n}`, emails }, user);
          created.push(await store.users.create(scope, { id: `u${n}`, attributes, at: at(0) }));
        }
        for (const filter of filters) {
          const query = userQuery({ filter });
          const { total, records } = await store.users.list(scope, query);
          const expected = created.filter(({ profile }) =>
            matches(query.filter as Condition, profile.attributes),
          );
          const ids = expected.map(({ id }) => id);
          expect([filter, total, ...idsIn({ total, records })]).toEqual([
            filter,
            ids.length,
            ...ids,
          ]);
        }
      };
      const filters = fc.array(emailFilters, { minLength: 20, maxLength: 20 });
      const people = fc.array(fc.array(emails, { maxLength: 4 }), { minLength: 1, maxLength: 6 });
      await fc.assert(fc.asyncProperty(people, filters, check), {
        numRuns: 40,
        interruptAfterTimeLimit: 20_000,
      });
    });

    it('lists users who are looked up by a value that they share as it lists all others', async () => {
      const store = opened();
      const emails = [{ value: 'team@example.com', type: 'work' }];
      for (let n = 0; n < 7; n++)
        await addUser(store, ACME, `ann${n}`, { emails, title: `${n % 3}`, nickName: 'x' });
      await addUser(store, ACME, 'bob', { emails, title: '0' });
      const shared = 'emails[type eq "work" and value eq "team@example.com"] and nickName eq "x"';
      const compared = 'nickName eq "x"';
      for (const sortBy of [undefined, 'title']) {
        const sort = sortBy && resolveSort(sortBy, 'descending', user);
        const query = (filter: string) => ({ ...userQuery({ filter }), ...(sort ? { sort } : {}) });
        const whole = idsIn(await store.users.list(ACME, query(compared)));
        expect(whole).toHaveLength(7);
        for (const filter of [shared, compared]) {
          const list = (more: Partial<Query>) =>
            store.users.list(ACME, { ...query(filter), limit: 3, ...more });
          const pages = await Promise.all([0, 3, 6].map((offset) => list({ start: { offset } })));
          expect(pages.flatMap(idsIn)).toEqual(whole);
          expect(pages.map(({ total }) => total)).toEqual([7, 7, 7]);
          const first = await list({ start: { after: undefined } });
          const second = await list({ start: { after: first.next } });
          const third = await list({ start: { after: second.next } });
          expect([first, second, third].flatMap(idsIn)).toEqual(whole);
          expect(third.next).toBeUndefined();
        }
      }
    });

    it.each([
      ['GARCÍA', 'garcía', 'garci\u0301a'],
      ['straße', 'STRAßE', 'Straße'],
      ['İstanbul', 'i\u0307stanbul', 'I\u0307STANBUL'],
      ['ΟΔΟΣ', 'οδος', 'οδοσ'],
      ['Ångström', 'A\u030angström', '\u212bngström'],
      ['👩🏽‍💼', '👩🏽‍💼', '👩🏽‍💼'],
      ['한글', '\u1112\u1161\u11ab\u1100\u1173\u11af', '한글'],
    ])('treats all forms of %s as the same, and nothing else', async (stored, ...forms) => {
      const store = opened();
      await addUser(store, ACME, `x${stored}y`, { nickName: stored });
      await addUser(store, ACME, 'other', { nickName: 'strasse ISTANBUL garcia angstrom 👩' });
      for (const form of [stored, ...forms]) {
        for (const filter of [
          `userName eq "x${form}y"`,
          `userName co "${form}"`,
          `nickName eq "${form}"`,
          `nickName sw "${form}" and nickName ew "${form}"`,
        ]) {
          const found = await userNames(store, ACME, { filter });
          expect([filter, ...found]).toEqual([filter, `x${stored}y`]);
        }
      }
    });

    it('finds groups by name, members and id, and users by group, even through other groups', async () => {
      const store = opened();
      const ann = await addUser(store, ACME, 'ann');
      await addUser(store, ACME, 'bob');
      const inner = await addGroup(store, ACME, 'Inner', [ann.id]);
      const outer = await addGroup(store, ACME, 'Outer', [inner.id]);
      expect(await groupNames(store, ACME, { filter: 'displayName eq "inner"' })).toEqual([
        'Inner',
      ]);
      for (const filter of [
        `members eq "${ann.id}"`,
        `members.value eq "${ann.id}"`,
        `members[value eq "${ann.id}"]`,
        `id eq "${inner.id}" and members eq "${ann.id}"`,
      ]) {
        expect([filter, ...(await groupNames(store, ACME, { filter }))]).toEqual([filter, 'Inner']);
      }
      const none = `id eq "${outer.id}" and members eq "${ann.id}"`;
      expect(await groupNames(store, ACME, { filter: none })).toEqual([]);
      for (const { id } of [inner, outer]) {
        expect(await userNames(store, ACME, { filter: `groups.value eq "${id}"` })).toEqual([
          'ann',
        ]);
      }
      expect(
        await userNames(store, ACME, {
          filter: 'groups[type eq "indirect" and display eq "outer"]',
        }),
      ).toEqual(['ann']);
    });

    it('may have as many terms as the grammar accepts, but fewer on groups', async () => {
      const store = opened();
      await addUser(store, ACME, 'ann', { active: true });
      const repeated = (term: string, times: number) => Array(times).fill(term).join(' or ');
      for (const term of ['active eq true', 'userName eq "ann"', 'emails.type ne "x"', 'id pr']) {
        expect(await userNames(store, ACME, { filter: repeated(term, 200) })).toEqual(['ann']);
      }
      const ofGroups = (times: number) =>
        userNames(store, ACME, { filter: repeated('groups.value ne "x"', times) });
      expect(await ofGroups(50)).toEqual(['ann']);
      await expect(ofGroups(51)).rejects.toMatchObject({ status: 400, scimType: 'invalidFilter' });
    });

    it('treats what looks like SQL or a pattern as text', async () => {
      const store = opened();
      const titles = ["' OR 1=1 --", '%', '_', '\\', '"', "');DROP TABLE access;--"];
      for (const [index, title] of titles.entries()) {
        await addUser(store, ACME, `user${index}`, { title });
      }
      for (const [index, title] of titles.entries()) {
        for (const operator of ['eq', 'co', 'sw', 'ew']) {
          const filter = `title ${operator} ${JSON.stringify(title)}`;
          const found = await userNames(store, ACME, { filter });
          expect([filter, found.includes(`user${index}`)]).toEqual([filter, true]);
          if (operator === 'eq') expect(found).toHaveLength(1);
        }
      }
      const neither = `title co ${JSON.stringify('%_')}`;
      expect(await userNames(store, ACME, { filter: neither })).toEqual([]);
    });

    it('refuses an attribute that has no filter: the location of a resource', async () => {
      const store = opened();
      const list = store.users.list(ACME, userQuery({ filter: 'meta.location eq "x"' }));
      await expect(list).rejects.toMatchObject({ status: 400, scimType: 'invalidFilter' });
    });
  });
}

const time = (n: number) => Date.parse('2025-12-31T23:59:59.999Z') + n;

function expectSame(
  { total, records }: { total: number; records: readonly StoredResource[] },
  expected: readonly { record: StoredResource }[],
  what: Filter | object,
): void {
  const ids = expected.map(({ record }) => record.id);
  expect({ what, total, ids: records.map(({ id }) => id) }).toEqual({
    what,
    total: ids.length,
    ids,
  });
}

/** In place of the URL of the endpoint, in references as they are compared. */
const COMPARED = '..';

function userResource(record: UserRecord): JsonObject {
  const elements = (record.groups ?? []).map(({ groupId, displayName, type }) => ({
    value: groupId,
    $ref: locationOf(TYPES.group, COMPARED, groupId),
    display: displayName,
    type,
  }));
  const { json, externalId } = record.profile;
  const shown = withManagerUrl(json, (id) => locationOf(TYPES.user, COMPARED, id));
  const computed = `"groups":${JSON.stringify(elements)}`;
  return resourceOf({ ...record, profile: { json: shown, externalId } }, TYPES.user, computed);
}

function groupResource(record: GroupRecord): JsonObject {
  const elements = unpacked(record.members).map(({ value, type }) => ({
    value,
    $ref: locationOf(type === 'User' ? TYPES.user : TYPES.group, COMPARED, value),
    type,
  }));
  return resourceOf(record, TYPES.group, `"members":${JSON.stringify(elements)}`);
}

function resourceOf(
  record: Parameters<typeof represent>[0] & Pick<StoredResource, 'version'>,
  type: ResourceType,
  computed: string,
): JsonObject {
  const version = etag(record.version);
  return JSON.parse(represent(record, type, { baseUrl: BASE_URL, version, computed }));
}

/**
 * RFC 7644 §3.4.2.3: sorts by the primary or first value. Missing values come last, or first when
 * descending. Ties are broken by id.
 */
function bySort({ ref, descending }: SortKey) {
  const sign = descending ? -1 : 1;
  const key = (resource: JsonObject): Comparable | undefined => {
    const outer = ref.extension === undefined ? resource : resource[ref.extension];
    const value = isJsonObject(outer) ? outer[ref.attribute.name] : undefined;
    const first = Array.isArray(value) ? primaryOrFirst(value) : value;
    const { sub } = ref;
    if (sub === undefined) return comparable(ref.attribute, first);
    return isJsonObject(first) ? comparable(sub, first[sub.name]) : undefined;
  };
  return (left: { resource: JsonObject }, right: { resource: JsonObject }): number => {
    const [a, b] = [key(left.resource), key(right.resource)];
    const rank = Number(a === undefined) - Number(b === undefined);
    const byKey = a === undefined || b === undefined ? rank : order(a, b);
    const ids = String(left.resource.id) < String(right.resource.id) ? -1 : 1;
    return sign * (byKey === 0 ? ids : byKey);
  };
}

function primaryOrFirst(elements: readonly JsonValue[]): JsonValue | undefined {
  return elements.find((each) => isJsonObject(each) && each.primary === true) ?? elements[0];
}
