/** Creating, changing and deleting users, except for what user-patches.ts covers. */
import { expect } from 'vitest';
import { E, ERROR, type Point, U } from './point.ts';

export const USERS: readonly Point[] = [
  {
    who: 'every client',
    title: 'creating a minimal user returns 201 with its values, id, meta and Location',
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
    who: 'authentik',
    title: 'blank names and empty e-mails are accepted',
    async check(at) {
      const name = { formatted: ' ', givenName: '', familyName: ' ' };
      const { body } = await at.user({ name, displayName: '', emails: [] });
      expect(body).toMatchObject({ name, displayName: '' });
    },
  },
  {
    who: 'Keycloak',
    title: 'the client’s id is ignored, and e-mails need no type',
    async check(at) {
      const emails = [{ primary: true, value: 'a@example.com' }];
      const { id, body } = await at.user({ id: 'mine', emails });
      expect(id).not.toBe('mine');
      expect(body.emails).toEqual(emails);
    },
  },
  {
    who: 'Okta',
    title: 'groups, password and locale are accepted, and no password is ever returned',
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
    who: 'Entra ID',
    title: 'both schemas, empty roles, meta and nulls are accepted',
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
    who: 'OneLogin',
    title: 'a PUT may list unknown schemas',
    async check(at) {
      const { id, body } = await at.user();
      const schemas = ['urn:scim:schemas:core:2.0', 'urn:scim:schemas:extension:enterprise:2.0'];
      const answer = await at.put(`/Users/${id}?`, { ...body, schemas, title: 'Dr' });
      expect(answer).toMatchObject({ status: 200, body: { schemas: [U], title: 'Dr' } });
    },
  },
  {
    who: 'every client',
    title: 'a userName that is taken, in any case, gets 409 uniqueness',
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
    who: 'Okta',
    title: 'putting back what was read, with meta and groups, changes nothing',
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
    who: 'authentik',
    title: 'repeating a PUT returns the same response, and 404 once the user is deleted',
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
    who: 'authentik',
    title: 'deleting a user returns 204, and deleting it again 404',
    async check(at) {
      const { id } = await at.user();
      expect(await at.delete(`/Users/${id}`)).toMatchObject({ status: 204, text: '' });
      expect((await at.delete(`/Users/${id}`)).status).toBe(404);
    },
  },
  {
    who: 'Entra ID',
    title: '"False" and "True" for active are read as booleans, and the id is kept',
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
    who: 'Okta',
    title: 'a PATCH without a path replaces active',
    async check(at) {
      const { id } = await at.user();
      const answer = await at.patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
      expect(answer.status).toBeLessThan(300);
      expect((await at.get(`/Users/${id}`)).body.active).toBe(false);
    },
  },
  {
    who: 'Entra ID',
    title: 'a PATCH without operations succeeds and changes nothing',
    async check(at) {
      const [created, group] = [await at.user(), await at.group()];
      const answer = await at.patch(`/Users/${created.id}`);
      expect(answer).toMatchObject({ status: 200, body: created.body });
      expect((await at.patch(`/Groups/${group.id}`)).status).toBe(204);
      expect((await at.get(`/Groups/${group.id}`)).body).toEqual(group.body);
    },
  },
  {
    who: 'Okta',
    title: 'a reactivated user keeps its id',
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
    who: 'Keycloak',
    title: 'ETags are advertised, and an outdated one in If-Match gets 412',
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
