/** Looking for users and groups, and reading them. */
import { expect } from 'vitest';
import { E, ERROR, type Point, resources } from './point.ts';

const eq = (attribute: string, value: string) =>
  `filter=${encodeURIComponent(`${attribute} eq "${value}"`)}`;

export const READING: readonly Point[] = [
  {
    who: 'Entra ID',
    title: 'looking for a random userName returns an empty list, not 404',
    async check(at) {
      await at.user();
      const { status, body } = await at.get(`/Users?${eq('userName', crypto.randomUUID())}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ totalResults: 0, Resources: [] });
    },
  },
  {
    who: 'Okta',
    title: 'the connection test gets the paging attributes as numbers',
    async check(at) {
      for (let index = 0; index < 5; index++) await at.user();
      for (const count of [1, 2]) {
        const { status, body } = await at.get(`/Users?startIndex=1&count=${count}`);
        expect(status).toBe(200);
        expect(body).toMatchObject({ startIndex: 1, itemsPerPage: count, totalResults: 5 });
      }
    },
  },
  {
    who: 'Okta, authentik',
    title: 'userName eq finds the user, percent-encoded and in any case',
    async check(at) {
      const { id } = await at.user({ userName: "zoë.o'brien+x@example.com" });
      await at.user();
      for (const name of ["zoë.o'brien+x@example.com", "ZOË.O'Brien+X@EXAMPLE.com"]) {
        expect(await at.find('Users', eq('userName', name))).toEqual([id]);
      }
    },
  },
  {
    who: 'OneLogin',
    title: 'a filter with + for spaces and a trailing & finds the user',
    async check(at) {
      const { id, body } = await at.user();
      await at.user();
      const query = `filter=userName+eq+%22${body.userName}%22&`;
      expect(await at.find('Users', query)).toEqual([id]);
    },
  },
  {
    who: 'Keycloak',
    title: 'operators may be in upper case',
    async check(at) {
      const { id, body } = await at.user();
      await at.user();
      expect(await at.find('Users', `filter=userName EQ "${body.userName}"`)).toEqual([id]);
    },
  },
  {
    who: 'older authentik, Entra ID',
    title: 'values may lack their quotes',
    async check(at) {
      const { id } = await at.user({ userName: 'x@example.com', externalId: 'jyoung' });
      await at.user();
      expect(await at.find('Users', 'filter=userName+eq+x@example.com')).toEqual([id]);
      expect(await at.find('Users', 'filter=externalId+eq+jyoung')).toEqual([id]);
    },
  },
  {
    who: 'Entra ID',
    title: 'users can be found by externalId and by work e-mail',
    async check(at) {
      const emails = [
        { type: 'work', value: 'a@work.example.com' },
        { type: 'home', value: 'a@home.example.com' },
      ];
      const { id } = await at.user({ externalId: '00u1', emails });
      await at.user({ externalId: '00u2', emails: [{ type: 'home', value: emails[0]?.value }] });
      const byMail = (value: string) => eq('emails[type eq "work"].value', value);
      expect(await at.find('Users', eq('externalId', '00u1'))).toEqual([id]);
      expect(await at.find('Users', byMail('a@work.example.com'))).toEqual([id]);
      expect(await at.find('Users', byMail('a@home.example.com'))).toEqual([]);
    },
  },
  {
    who: 'Entra ID',
    title: 'one filter checks id and manager, and attributes=id returns only the id',
    async check(at) {
      const manager = await at.user();
      const { id } = await at.user({ [E]: { manager: { value: manager.id } } });
      const check = (of: string, by: string) =>
        `attributes=id&filter=${encodeURIComponent(`id eq "${of}" and manager eq "${by}"`)}`;
      expect(await at.find('Users', check(id, manager.id))).toEqual([id]);
      expect(await at.find('Users', check(manager.id, id))).toEqual([]);
      const { body } = await at.get(`/Users?${check(id, manager.id)}`);
      expect(resources(body.Resources)[0]).not.toHaveProperty('userName');
    },
  },
  {
    who: 'Entra ID',
    title: 'a filter on id and members checks a membership',
    async check(at) {
      const [member, other] = [await at.user(), await at.user()];
      const { id } = await at.group([member.id]);
      const check = (user: string) =>
        `filter=${encodeURIComponent(`id eq "${id}" and members eq "${user}"`)}`;
      expect(await at.find('Groups', check(member.id))).toEqual([id]);
      expect(await at.find('Groups', check(other.id))).toEqual([]);
    },
  },
  {
    who: 'Okta, Entra ID, authentik, Keycloak',
    title: 'groups are found by displayName',
    async check(at) {
      const { id } = await at.group([], { displayName: 'ops/on call' });
      await at.group();
      for (const operator of ['eq', 'EQ']) {
        const query = (name: string) =>
          `filter=${encodeURIComponent(`displayName ${operator} "${name}"`)}`;
        expect(await at.find('Groups', query('ops/on call'))).toEqual([id]);
        expect(await at.find('Groups', query('nobody'))).toEqual([]);
      }
    },
  },
  {
    who: 'Entra ID',
    title: 'excludedAttributes=members omits members from lists and single groups',
    async check(at) {
      const { id, body } = await at.group([(await at.user()).id]);
      const filter = eq('displayName', String(body.displayName));
      const list = await at.get(`/Groups?excludedAttributes=members&${filter}`);
      const alone = await at.get(`/Groups/${id}?excludedAttributes=members`);
      expect(resources(list.body.Resources)[0]).toMatchObject({ id });
      expect(alone.body).toMatchObject({ id });
      expect(list.text + alone.text).not.toContain('members');
    },
  },
  {
    who: 'authentik',
    title: 'the pages up to totalResults show every user once, and none of them is empty',
    async check(at) {
      const created: string[] = [];
      for (let index = 0; index < 11; index++) created.push((await at.user()).id);
      const seen: unknown[] = [];
      for (let total = 1; seen.length < total; ) {
        const { body } = await at.get(`/Users?startIndex=${seen.length + 1}&count=3`);
        const page = resources(body.Resources);
        expect(page).not.toEqual([]);
        seen.push(...page.map(({ id }) => id));
        total = Number(body.totalResults);
      }
      expect(seen).toEqual(created);
    },
  },
  {
    who: 'Okta',
    title: 'the order is stable while users change, and a page past the end is an empty list',
    async check(at) {
      const ids = [await at.user(), await at.user(), await at.user()].map(({ id }) => id);
      const first = await at.get('/Users?startIndex=1&count=2');
      await at.patch(`/Users/${ids[2]}`, { op: 'replace', path: 'title', value: 'first now?' });
      const second = await at.get('/Users?startIndex=3&count=2');
      const seen = [first, second].flatMap(({ body }) => resources(body.Resources));
      expect(seen.map(({ id }) => id)).toEqual(ids);
      const past = await at.get('/Users?startIndex=100&count=100');
      expect(past).toMatchObject({ status: 200, body: { totalResults: 3, Resources: [] } });
    },
  },
  {
    who: 'Entra ID',
    title: 'the response repeats startIndex',
    async check(at) {
      for (let index = 0; index < 7; index++) await at.user();
      const { body } = await at.get('/Users?startIndex=6&count=5');
      expect(body).toMatchObject({ startIndex: 6, itemsPerPage: 2, totalResults: 7 });
    },
  },
  {
    who: 'Entra ID, Okta',
    title: 'an unknown id gets 404 with an Error',
    async check(at) {
      for (const path of ['/Users', '/Groups']) {
        const { status, body } = await at.get(`${path}/${crypto.randomUUID()}`);
        expect(status).toBe(404);
        expect(body).toMatchObject({ schemas: [ERROR], status: '404' });
      }
    },
  },
  {
    who: 'Keycloak',
    title: '.search accepts upper-case operators and parentheses',
    async check(at) {
      const { id, body } = await at.user();
      await at.user();
      const answer = await at.send('POST', '/Users/.search', {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
        filter: `(userName EQ "${body.userName}") and (active EQ true)`,
        startIndex: 1,
        count: 50,
      });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    },
  },
  {
    who: 'Entra ID',
    title: 'a deactivated user is still returned, as inactive',
    async check(at) {
      const { id, body } = await at.user();
      await at.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'False' });
      expect(await at.get(`/Users/${id}`)).toMatchObject({ status: 200, body: { active: false } });
      expect(await at.find('Users', eq('userName', String(body.userName)))).toEqual([id]);
    },
  },
];
