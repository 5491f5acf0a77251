/** Discovery, authentication, and what holds for every response. */
import { expect } from 'vitest';
import { E, ERROR, G, LIST, type Point, resources, U } from './point.ts';

const SCIM_JSON = /^application\/scim\+json(;[^,]*)?$/;

export const DISCOVERY: readonly Point[] = [
  {
    who: 'authentik, Keycloak, SailPoint',
    title: 'ServiceProviderConfig is complete, and its numbers are numbers',
    async check(at) {
      const { status, body } = await at.get('/ServiceProviderConfig');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        patch: { supported: true },
        bulk: {
          supported: expect.any(Boolean),
          maxOperations: expect.any(Number),
          maxPayloadSize: expect.any(Number),
        },
        filter: { supported: true, maxResults: expect.any(Number) },
        changePassword: { supported: false },
        sort: { supported: true },
        etag: { supported: true },
        authenticationSchemes: [{ type: 'oauthbearertoken' }],
      });
    },
  },
  {
    who: 'authentik for Salesforce',
    title: 'ServiceProviderConfigs returns the same as ServiceProviderConfig',
    async check(at) {
      const [one, other] = [
        await at.get('/ServiceProviderConfig'),
        await at.get('/ServiceProviderConfigs'),
      ];
      expect(other.status).toBe(200);
      expect(other.body).toEqual(one.body);
    },
  },
  {
    who: 'Keycloak, SailPoint, Okta',
    title: 'ResourceTypes returns a list, and each type can be read by name',
    async check(at) {
      const { status, body } = await at.get('/ResourceTypes');
      expect(status).toBe(200);
      expect(body.schemas).toEqual([LIST]);
      expect(resources(body.Resources).map(({ id }) => id)).toEqual(['User', 'Group']);
      expect(await at.get('/ResourceTypes/User')).toMatchObject({
        status: 200,
        body: { endpoint: '/Users', schema: U },
      });
    },
  },
  {
    who: 'Entra ID, Keycloak, SailPoint',
    title: 'Schemas returns a list, and each schema can be read by URN',
    async check(at) {
      const { status, body } = await at.get('/Schemas');
      expect(status).toBe(200);
      expect(body.schemas).toEqual([LIST]);
      const ids = resources(body.Resources).map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining([U, G, E]));
      for (const id of [U, G, E]) {
        expect(await at.get(`/Schemas/${id}`)).toMatchObject({ status: 200, body: { id } });
      }
    },
  },
  {
    who: 'Okta',
    title: 'an invalid Authorization header gets 401 with an Error',
    async check(at) {
      for (const authorization of ['Bearer wrong', 'Basic dTpw', 'wrong', '']) {
        const options = { headers: { authorization } };
        const answer = await at.send('GET', '/Users', undefined, options);
        expect(answer.status).toBe(401);
        expect(answer.body).toMatchObject({ schemas: [ERROR], status: '401' });
      }
    },
  },
  {
    who: 'every client',
    title: 'errors have the Error URN, a status and a detail, as scim+json',
    async check(at) {
      const { body } = await at.user();
      const { id } = await at.user();
      const errors = [
        [400, await at.send('POST', '/Users', {})],
        [400, await at.get('/Users?filter=userName')],
        [400, await at.send('POST', '/Users', undefined, { raw: '{' })],
        [404, await at.get('/Users/nobody')],
        [404, await at.get('/Nothing')],
        [405, await at.delete('/Users')],
        [409, await at.put(`/Users/${id}`, { userName: body.userName })],
        [501, await at.get('/Me')],
      ] as const;
      for (const [status, answer] of errors) {
        expect(answer.status).toBe(status);
        expect(answer.headers.get('content-type')).toMatch(SCIM_JSON);
        expect(answer.body).toMatchObject({
          schemas: [ERROR],
          status: String(status),
          detail: expect.any(String),
        });
      }
    },
  },
  {
    who: 'Keycloak',
    title: 'every response to GET, POST, PUT and PATCH has one scim+json Content-Type, even a 204',
    async check(at) {
      const created = await at.user();
      const group = await at.group();
      const operation = { op: 'replace', path: 'displayName', value: 'renamed' };
      const answers = [
        created,
        group,
        await at.get('/Users'),
        await at.get(`/Users/${created.id}`),
        await at.put(`/Users/${created.id}`, created.body),
        await at.patch(`/Users/${created.id}`, operation),
        await at.patch(`/Groups/${group.id}`, operation),
        await at.put(`/Groups/${group.id}`, group.body),
        await at.send('POST', '/Users/.search', {}),
      ];
      expect(answers.map(({ status }) => status)).toContain(204);
      for (const { headers } of answers) expect(headers.get('content-type')).toMatch(SCIM_JSON);
    },
  },
  {
    who: 'OneLogin',
    title: 'Accept: application/json and an empty User-Agent make no difference',
    async check(at) {
      await at.user();
      const headers = { accept: 'application/json', 'user-agent': '' };
      const answer = await at.send('GET', '/Users', undefined, { headers });
      expect(answer.headers.get('content-type')).toMatch(SCIM_JSON);
      expect(answer.body).toEqual((await at.get('/Users')).body);
    },
  },
  {
    who: 'authentik, Keycloak',
    title: 'a GET may have a Content-Type and no body',
    async check(at) {
      const headers = { 'content-type': 'application/scim+json' };
      expect((await at.send('GET', '/Users', undefined, { headers })).status).toBe(200);
    },
  },
  {
    who: 'Keycloak, PingFederate',
    title: '//Users and /Users/ mean /Users',
    async check(at) {
      expect((await at.send('POST', '//Users', { userName: 'double' })).status).toBe(201);
      expect((await at.send('POST', '/Users/', { userName: 'trailing' })).status).toBe(201);
      expect((await at.get('/Users/')).body.totalResults).toBe(2);
    },
  },
  {
    who: 'Entra ID, OneLogin',
    title: 'unknown parameters and a stray ? or & are ignored',
    async check(at) {
      const { id, body } = await at.user();
      await at.user();
      const filter = `filter=userName+eq+%22${body.userName}%22`;
      for (const query of [
        `aadOptscim062020&${filter}`,
        `${filter}&aadOptscim062020`,
        `${filter}&`,
      ]) {
        expect(await at.find('Users', query)).toEqual([id]);
      }
      expect((await at.put(`/Users/${id}?`, body)).status).toBe(200);
      expect(await at.find('Users', '')).toHaveLength(2);
    },
  },
];
