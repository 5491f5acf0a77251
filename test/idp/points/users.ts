/** Points 29 to 53 without those of user-patches.ts: creating, changing and deleting users. */
import { expect } from 'vitest';
import { E, ERROR, type Point, U } from './point.ts';

export const USERS: readonly Point[] = [
  {
    number: 29,
    who: 'all',
    title: 'a minimal user is 201 with id, meta and Location, values echoed',
    async check(at) {
      const { status, id, body, headers } = await at.user({ userName: 'Ann', externalId: 'e-1' });
      const location = `${at.client.publicBaseUrl}/Users/${id}`;
      expect(status).toBe(201);
      expect(id).not.toBe('');
      expect(headers.get('location')).toBe(location);
      expect(body).toMatchObject({
        schemas: [U],
        userName: 'Ann',
        externalId: 'e-1',
        active: true,
        meta: { resourceType: 'User', location },
      });
    },
  },
  {
    number: 30,
    who: 'authentik',
    title: 'blank names and empty e-mails are taken',
    async check(at) {
      const name = { formatted: ' ', givenName: '', familyName: ' ' };
      const { body } = await at.user({ name, displayName: '', emails: [] });
      expect(body).toMatchObject({ name, displayName: '' });
    },
  },
  {
    number: 31,
    who: 'KC',
    title: 'an id of the client is ignored, e-mails need no type',
    async check(at) {
      const emails = [{ primary: true, value: 'a@example.com' }];
      const { id, body } = await at.user({ id: 'mine', emails });
      expect(id).not.toBe('mine');
      expect(body.emails).toEqual(emails);
    },
  },
  {
    number: 32,
    who: 'Okta',
    title: 'groups, password and locale are taken, and no password comes back',
    async check(at) {
      const password = 'tlpWENT2m';
      const { id, text, body } = await at.user({ groups: [], password, locale: 'en-US' });
      expect(body.locale).toBe('en-US');
      const patched = await at.patch(`/Users/${id}`, { op: 'replace', value: { password } });
      expect(patched.status).toBe(200);
      const { text: read } = await at.get(`/Users/${id}?attributes=password`);
      expect(text + patched.text + read).not.toMatch(/password|tlpWENT2m/);
    },
  },
  {
    number: 33,
    who: 'Entra',
    title: 'both schemas, empty roles, meta and nulls are taken',
    async check(at) {
      const { body } = await at.user({
        schemas: [U, E],
        roles: [],
        meta: { resourceType: 'User' },
        title: null,
        phoneNumbers: null,
        [E]: { department: 'Sales', costCenter: null, manager: null },
      });
      expect(body).toMatchObject({ schemas: [U, E], [E]: { department: 'Sales' } });
      for (const absent of ['roles', 'title', 'phoneNumbers'])
        expect(body).not.toHaveProperty(absent);
    },
  },
  {
    number: 34,
    who: 'OneLogin',
    title: 'schemas nobody knows are no error in a PUT',
    async check(at) {
      const { id, body } = await at.user();
      const schemas = ['urn:scim:schemas:core:2.0', 'urn:scim:schemas:extension:enterprise:2.0'];
      const answer = await at.put(`/Users/${id}?`, { ...body, schemas, title: 'Dr' });
      expect(answer).toMatchObject({ status: 200, body: { schemas: [U], title: 'Dr' } });
    },
  },
  {
    number: 35,
    who: 'all',
    title: 'a userName that is taken, in any case, is 409 uniqueness',
    async check(at) {
      await at.user({ userName: 'Ann@example.com' });
      for (const userName of ['Ann@example.com', 'ANN@EXAMPLE.COM']) {
        const { status, body } = await at.send('POST', '/Users', { userName });
        expect(status).toBe(409);
        expect(body).toMatchObject({ schemas: [ERROR], status: '409', scimType: 'uniqueness' });
      }
    },
  },
  {
    number: 36,
    who: 'Okta',
    title: 'what was read can be put back, with meta and groups, and changes nothing',
    async check(at) {
      const emails = [{ value: 'a@example.com', type: 'work', display: 'a@example.com' }];
      const { id } = await at.user({ emails, name: { middleName: '' } });
      await at.group([id]);
      const read = await at.get(`/Users/${id}`);
      expect(read.body.groups).toHaveLength(1);
      const put = await at.put(`/Users/${id}`, read.body);
      expect(put.status).toBe(200);
      expect(put.body).toEqual(read.body);
    },
  },
  {
    number: 37,
    who: 'authentik',
    title: 'the same PUT twice has the same answer, and is 404 for a deleted user',
    async check(at) {
      const { id } = await at.user();
      const user = {
        id,
        schemas: [U],
        userName: 'x',
        name: { formatted: 'X ' },
        emails: [],
        active: true,
      };
      const [first, second] = [
        await at.put(`/Users/${id}`, user),
        await at.put(`/Users/${id}`, user),
      ];
      expect(first.body).toMatchObject({ id, userName: 'x', name: { formatted: 'X ' } });
      expect(second).toMatchObject({ status: 200, body: first.body });
      await at.delete(`/Users/${id}`);
      expect((await at.put(`/Users/${id}`, user)).status).toBe(404);
    },
  },
  {
    number: 38,
    who: 'authentik',
    title: 'DELETE is 204, then 404',
    async check(at) {
      const { id } = await at.user();
      expect(await at.delete(`/Users/${id}`)).toMatchObject({ status: 204, text: '' });
      expect((await at.delete(`/Users/${id}`)).status).toBe(404);
    },
  },
  {
    number: 39,
    who: 'Entra',
    title: 'active "False" and "True" are booleans, and the id stays',
    async check(at) {
      const { id } = await at.user();
      for (const [value, active] of [
        ['False', false],
        ['True', true],
      ] as const) {
        const answer = await at.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value });
        expect(answer).toMatchObject({ status: 200, body: { id, active } });
      }
    },
  },
  {
    number: 40,
    who: 'Okta',
    title: 'active is replaced without a path',
    async check(at) {
      const { id } = await at.user();
      const answer = await at.patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
      expect(answer.status).toBeLessThan(300);
      expect((await at.get(`/Users/${id}`)).body.active).toBe(false);
    },
  },
  {
    number: 50,
    who: 'Entra',
    title: 'no operations succeed and change nothing',
    async check(at) {
      const [created, group] = [await at.user(), await at.group()];
      const answer = await at.patch(`/Users/${created.id}`);
      expect(answer).toMatchObject({ status: 200, body: created.body });
      expect((await at.patch(`/Groups/${group.id}`)).status).toBe(204);
      expect((await at.get(`/Groups/${group.id}`)).body).toEqual(group.body);
    },
  },
  {
    number: 52,
    who: 'Okta',
    title: 'a reactivated user has the id of before',
    async check(at) {
      const { id, body } = await at.user();
      await at.put(`/Users/${id}`, { ...body, active: false });
      const filter = `filter=${encodeURIComponent(`userName eq "${body.userName}"`)}`;
      expect(await at.find('Users', filter)).toEqual([id]);
      const back = await at.put(`/Users/${id}`, { ...body, active: true });
      expect(back.body).toMatchObject({ id, active: true });
    },
  },
  {
    number: 53,
    who: 'KC',
    title: 'ETags are advertised, and an old one in If-Match is 412',
    async check(at) {
      const config = await at.get('/ServiceProviderConfig');
      expect(config.body.etag).toEqual({ supported: true });
      const { id, body, headers } = await at.user();
      const ifMatch = (tag: string) => ({ headers: { 'if-match': tag } });
      const tag = headers.get('etag') ?? '';
      const changed = { ...body, title: 'Dr' };
      expect((await at.send('PUT', `/Users/${id}`, changed, ifMatch(tag))).status).toBe(200);
      for (const method of ['PUT', 'DELETE']) {
        const answer = await at.send(
          method,
          `/Users/${id}`,
          method === 'PUT' ? body : undefined,
          ifMatch(tag),
        );
        expect(answer.status).toBe(412);
      }
      expect((await at.get(`/Users/${id}`)).body.title).toBe('Dr');
    },
  },
];
