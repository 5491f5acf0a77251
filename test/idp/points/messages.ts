/** Bulk, resources as text, and Microsoft's older Postman collection. */
import { expect } from 'vitest';
import { E, type Point, resources, U } from './point.ts';

export const MESSAGES: readonly Point[] = [
  {
    who: 'Keycloak',
    title:
      'Bulk resolves references and keeps its limits if ServiceProviderConfig offers it, otherwise returns 501',
    async check(at) {
      const { body: config } = await at.get('/ServiceProviderConfig');
      const { supported, maxOperations } = config.bulk as {
        supported: boolean;
        maxOperations: number;
      };
      const bulk = (Operations: readonly object[]) =>
        at.send('POST', '/Bulk', {
          schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
          Operations,
        });
      const user = { method: 'POST', path: '/Users', bulkId: 'u1', data: { userName: 'bulk' } };
      const data = { displayName: 'bulk', members: [{ value: 'bulkId:u1' }] };
      const answer = await bulk([user, { method: 'POST', path: '/Groups', bulkId: 'g1', data }]);
      const over = await bulk(Array.from({ length: maxOperations + 1 }, () => user));
      const users = resources((await at.get('/Users')).body.Resources).map(({ id }) => id);
      const [group] = resources((await at.get('/Groups')).body.Resources);
      expect([answer.status, over.status]).toEqual(supported ? [200, 413] : [501, 501]);
      expect(resources(answer.body.Operations).map(({ status }) => status)).toEqual(
        supported ? ['201', '201'] : [],
      );
      expect(users).toHaveLength(supported ? 1 : 0);
      expect(resources(group?.members).map(({ value }) => value)).toEqual(users);
    },
  },
  {
    who: 'Keycloak',
    title: 'a resource sent as text is parsed, and any other text gets 400 invalidValue',
    async check(at) {
      const { id } = await at.user();
      const replace = (value: string) => at.patch(`/Users/${id}`, { op: 'replace', value });
      expect((await replace('{"title":"Dr","active":false}')).body).toMatchObject({
        title: 'Dr',
        active: false,
      });
      for (const value of ['{"title":', 'title', '', '[]', '7', 'null']) {
        expect((await replace(value)).body).toMatchObject({
          status: '400',
          scimType: 'invalidValue',
        });
      }
    },
  },
  {
    who: 'Microsoft’s Postman collection',
    title:
      'a PUT without userName gets 400, but unknown attributes and keys in any case are accepted',
    async check(at) {
      const { id } = await at.user();
      const path = `/Users/${id}`;
      expect((await at.put(path, { displayName: 'x' })).body).toMatchObject({
        status: '400',
        scimType: 'invalidValue',
      });
      const answer = await at.put(path, {
        schemas: [U, E],
        UserName: 'postman',
        displayNaem: 'misspelled',
        emails: [{ Primary: true, Type: 'work', Value: 'p@example.com' }],
        [E]: { Department: 'bob', Manager: { Value: 'SuzzyQ' } },
      });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({
        userName: 'postman',
        emails: [{ primary: true, type: 'work', value: 'p@example.com' }],
        [E]: { department: 'bob', manager: { value: 'SuzzyQ' } },
      });
      expect(answer.text).not.toContain('misspelled');
    },
  },
  {
    who: 'Microsoft’s Postman collection',
    title:
      'its filters find the right users, and its attributes parameter selects the right attributes',
    async check(at) {
      const user = (userName: string, familyName: string, domain: string) =>
        at.user({
          userName,
          name: { familyName },
          title: 'T',
          emails: [{ value: `${userName}@${domain}`, type: 'work' }],
        });
      const ollie = await user('OMalley', 'Employee', 'example.com');
      const nina = await user('nina', 'Employee', 'example.org');
      const otto = await user('otto', 'Boss', 'example.com');
      const odd = await user('odd', 'Employee', 'elsewhere.net');
      const emails = '(emails.Value co example.com or emails.Value co "example.org")';
      const finds: readonly [string, readonly { id: string }[]][] = [
        [`name.FamilyName eq Employee and ${emails}`, [ollie, nina]],
        ['userName sw O', [ollie, otto, odd]],
        ['meta.Created gt 2020-01-01T00:00:00Z', [ollie, nina, otto, odd]],
        ['meta.Created gt 2999-01-01T00:00:00Z', []],
      ];
      for (const [filter, found] of finds) {
        const query = `filter=${encodeURIComponent(filter)}`;
        expect(await at.find('Users', query), filter).toEqual(found.map(({ id }) => id));
      }
      const { body } = await at.get('/Users?attributes=userName,emails&filter=userName+eq+otto');
      expect(Object.keys(resources(body.Resources)[0] ?? {}).sort()).toEqual([
        'emails',
        'id',
        'schemas',
        'userName',
      ]);
    },
  },
];
