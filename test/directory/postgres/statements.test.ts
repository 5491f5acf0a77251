/** How many statements a request takes on PostgreSQL: each is a round trip. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { usePostgres } from '../../support/directory/postgres.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../../support/scim-server/server.ts';

let server: ScimServer;
let client: ScimClient;
let group: string;
let user: string;
beforeAll(async () => {
  server = await startScimServer({ open: usePostgres });
  client = await server.addIntegration();
  user = (await client.send('POST', '/Users', { userName: 'ann' })).id;
  group = (await client.send('POST', '/Groups', { displayName: 'team' })).id;
});
afterAll(() => server.close());

/** What is sent to the server about users and groups, and the statements of transactions. */
async function sentBy(work: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query');
  await work();
  const calls = spy.mock.calls as unknown as [{ text?: string }][];
  const texts = calls.map(([{ text = '' }]) => text);
  spy.mockRestore();
  const own = texts.filter((text) => !/pg_class|^ANALYZE/.test(text));
  return own.filter((text) => /\b(?:access|users|groups)\b|^BEGIN|COMMIT/.test(text));
}

/** The statements that read or write the directory's groups, and those of transactions. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  return (await sentBy(work)).filter((text) => /\bgroups\b|^BEGIN|COMMIT/.test(text));
}

const patch =
  (operation: object, headers: Record<string, string> = {}) =>
  async () => {
    const body = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [operation],
    };
    const { status } = await client.send('PATCH', `/Groups/${group}`, body, { headers });
    expect(status).toBe(204);
  };

describe('a user', () => {
  const userOf = (title: string) => ({ userName: 'bob', title });
  const patchUser = (value: object) => ({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', value }],
  });
  let id: string;

  it('is created without reading', async () => {
    const sent = await sentBy(async () => {
      id = (await client.send('POST', '/Users', userOf('Engineer'))).id;
    });
    expect(sent.map((text) => text.includes('INSERT INTO'))).toEqual([true, true]);
  });

  it('is created together with others that arrive at the same time', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `crowd-${n}`);
    const Operations = [...names, 'ANN'].map((userName) => ({
      method: 'POST',
      path: '/Users',
      bulkId: userName,
      data: { userName },
    }));
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'];
    const sent = await sentBy(async () => {
      const { body } = await client.send('POST', '/Bulk', { schemas, Operations });
      const results = body.Operations as unknown as { status: string }[];
      expect(results.map(({ status }) => status)).toEqual([...names.map(() => '201'), '409']);
    });
    expect(sent).toHaveLength(2);
    const { body } = await client.send('GET', '/Users?filter=userName sw "crowd-"');
    expect(body.totalResults).toBe(names.length);
  });

  it.each([
    ['a PUT', () => client.send('PUT', `/Users/${id}`, userOf('Manager'))],
    ['a PATCH', () => client.send('PATCH', `/Users/${id}`, patchUser({ title: 'Head' }))],
    [
      'being switched off',
      () => client.send('PATCH', `/Users/${id}`, patchUser({ active: false })),
    ],
  ])('is read once and written once by %s', async (_, write) => {
    const sent = await sentBy(write);
    expect(sent.map((text) => text.includes('UPDATE'))).toEqual([false, true]);
  });

  it('is read once if nothing changes', async () => {
    const sent = await sentBy(() =>
      client.send('PATCH', `/Users/${id}`, patchUser({ title: 'Head' })),
    );
    expect(sent).toHaveLength(1);
  });
});

describe('a PATCH of members by id', () => {
  const adding = () => ({ op: 'add', path: 'members', value: [{ value: user }] });
  const removing = () => ({ op: 'remove', path: `members[value eq "${user}"]` });

  it('is one statement without a transaction', async () => {
    for (const operation of [adding(), adding(), removing(), removing()]) {
      expect(await statementsOf(patch(operation))).toHaveLength(1);
    }
  });

  it('reads the version under a lock if a version is given', async () => {
    const statements = await statementsOf(patch(adding(), { 'if-match': '*' }));
    expect(statements).toContain('COMMIT');
  });
});

describe('a group with thousands of members', () => {
  it('is read in parts that see one state', async () => {
    const users = Array.from({ length: 1_200 }, (_, n) => ({
      method: 'POST',
      path: '/Users',
      bulkId: `u${n}`,
      data: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: `many-${n}` },
    }));
    const ids: string[] = [];
    for (const Operations of [users.slice(0, 600), users.slice(600)]) {
      const { body } = await client.send('POST', '/Bulk', {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
        Operations,
      });
      const results = body.Operations as unknown as { location: string }[];
      ids.push(...results.map(({ location }) => location.split('/').at(-1) ?? ''));
    }
    const members = ids.map((value) => ({ value }));
    const { id } = await client.send('POST', '/Groups', { displayName: 'many', members });
    const sent = await statementsOf(async () => {
      const { body } = await client.send('GET', `/Groups/${id}`);
      expect(body.members).toHaveLength(1_200);
    });
    const begun = sent.findIndex((text) => text.startsWith('BEGIN'));
    expect(sent[begun]).toContain('REPEATABLE READ READ ONLY');
    expect(sent.at(-1)).toBe('COMMIT');
    expect(sent.length - begun).toBeGreaterThan(2);
  });
});
