/** Groups with more members than are read, sent or changed at once. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/directory/ids.ts';
import { tooManySearches } from '../../src/scim/error.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import { MAX_LISTED_MEMBERS } from '../../src/scim/limits.ts';
import { inBatches } from '../support/batches.ts';
import { DATABASES } from '../support/directory/databases.ts';
import { eventually } from '../support/eventually.ts';
import { connectRaw } from '../support/scim-server/raw-http.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const USERS = 5_200;

const resourcesOf = ({ Resources }: JsonObject) => Resources as readonly { id: string }[];

describe.each(DATABASES)('members on %s', (_, open) => {
  let server: ScimServer;
  let client: ScimClient;
  let users: readonly string[];
  let inner: string;
  beforeAll(async () => {
    server = await startScimServer({ open });
    client = await server.addIntegration();
    const scope = { tenant: client.record.tenant, integrationId: client.record.id };
    users = await inBatches(USERS, async (n) => {
      const attributes = { userName: `user-${n}`, emails: [{ value: 'shared@example.com' }] };
      return (await server.store.users.create(scope, { id: newId(), attributes, at: 0 })).id;
    });
    inner = (await client.send('POST', '/Groups', { displayName: 'inner' })).id;
  });
  afterAll(() => server.close());

  const membersOf = (ids: readonly string[]) => ids.map((value) => ({ value }));
  const inOrder = (ids: readonly string[]) =>
    ids.toSorted().map((value) => {
      const [type, path] = value === inner ? ['Group', 'Groups'] : ['User', 'Users'];
      return { value, $ref: `${client.publicBaseUrl}/${path}/${value}`, type };
    });

  it('are read as they were sent, with whatever the projection selects', async () => {
    const all = [...users, inner];
    const body = { displayName: '"members":[]', members: membersOf(all) };
    const { id, status, body: created } = await client.send('POST', '/Groups', body);
    expect(status).toBe(201);
    expect(created.members).toEqual(inOrder(all));
    const get = async (query: string) => (await client.send('GET', `/Groups/${id}${query}`)).body;
    expect(await get('')).toEqual(created);
    expect(await get('?attributes=members.value')).toEqual({
      schemas: created.schemas,
      id,
      members: inOrder(all).map(({ value }) => ({ value })),
    });
    expect((await get('?excludedAttributes=members.$ref')).members).toEqual(
      inOrder(all).map(({ value, type }) => ({ value, type })),
    );
    const excluded = 'excludedAttributes=members.value,members.$ref,members.type';
    expect(await get(`?${excluded}`)).toEqual({ ...created, members: undefined });
    expect(await get('?excludedAttributes=members')).toEqual({ ...created, members: undefined });
    const { body: list } = await client.send('GET', '/Groups?filter=displayName co "members"');
    expect(list.Resources).toEqual([created]);
  });

  it('are left out of the response to a write if they can not be read any more', async () => {
    const read = vi.spyOn(server.store.groups, 'get').mockRejectedValueOnce(tooManySearches());
    const body = { displayName: 'written', members: membersOf(users) };
    const { id, status, body: created } = await client.send('POST', '/Groups', body);
    expect(read).toHaveBeenCalled();
    read.mockRestore();
    expect(status).toBe(201);
    expect(created).toEqual({
      ...(await client.send('GET', `/Groups/${id}?excludedAttributes=members`)).body,
    });
    expect((await client.send('GET', `/Groups/${id}`)).body.members).toEqual(inOrder(users));
  });

  it('are read for a client that the directory can ask about', async () => {
    const read = vi.spyOn(server.store.groups, 'get').mockReturnValueOnce(new Promise(() => {}));
    const connection = await connectRaw(server.port);
    connection.socket.write(
      `GET ${client.path}/Groups/${inner} HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: Bearer ${client.token}\r\n\r\n`,
    );
    const scope = await eventually(() => {
      expect(read).toHaveBeenCalledOnce();
      return read.mock.calls[0]?.[0];
    });
    read.mockRestore();
    expect(scope?.client?.isGone).toBe(false);
    connection.socket.destroy();
    await eventually(() => expect(scope?.client?.isGone).toBe(true));
  });

  it('are listed with their groups, unless those of one page are too many', async () => {
    const scope = { tenant: client.record.tenant, integrationId: client.record.id };
    // One after the other: long writes that are sent at once wait for each other, for some seconds
    // at most.
    const create = async (from: number, count: number) => {
      for (let n = from; n < from + count; n++) {
        const attributes = { displayName: `listed ${n}` };
        const group = { id: newId(), attributes, members: users, at: 0 };
        await server.store.groups.create(scope, group);
      }
    };
    const list = (more = '') =>
      client.send('GET', `/Groups?filter=displayName sw "listed"&count=100${more}`);
    await create(0, 3);
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(body.totalResults).toBe(3);
    for (const group of resourcesOf(body))
      expect(group).toEqual((await client.send('GET', `/Groups/${group.id}`)).body);

    await create(3, Math.ceil(MAX_LISTED_MEMBERS / USERS));
    const refused = await list();
    expect(refused.status).toBe(400);
    expect(refused.body).toMatchObject({ scimType: 'tooMany' });
    expect(refused.body.detail).toContain('ask for fewer groups with count');
    expect((await list('&excludedAttributes=members')).status).toBe(200);
    expect((await client.send('GET', '/Groups?count=2')).status).toBe(200);
  });

  it('who share an e-mail address are all found by it', async () => {
    const found = async (startIndex: number) => {
      const filter = 'filter=emails.value eq "SHARED@example.com"&attributes=id&count=100';
      const { body } = await client.send('GET', `/Users?${filter}&startIndex=${startIndex}`);
      expect(body.totalResults).toBe(USERS);
      return resourcesOf(body).map(({ id }) => id);
    };
    expect(await found(1)).toEqual(users.toSorted().slice(0, 100));
    expect(await found(USERS - 9)).toEqual(users.toSorted().slice(-10));
  });

  it('are replaced, added and removed, whoever was a member before', async () => {
    const half = users.slice(0, USERS / 2);
    const group = { displayName: 'many', members: membersOf(half) };
    const { id, body: first } = await client.send('POST', '/Groups', group);
    const change = async (method: string, body: object) => {
      const answer = await client.send(method, `/Groups/${id}?attributes=members,meta`, body);
      expect(answer.status).toBe(200);
      return answer.body;
    };
    const later = [...users.slice(2_000), inner];
    const put = await change('PUT', {
      ...group,
      members: membersOf([...later, ...later, 'nobody']),
    });
    expect(put.members).toEqual(inOrder(later));
    const again = await change('PUT', { ...group, members: membersOf(later) });
    expect(again).toEqual(put);
    expect(again.meta).not.toEqual(first.meta);

    const patch = (op: string, ids: readonly string[]) =>
      change('PATCH', { Operations: [{ op, path: 'members', value: membersOf(ids) }] });
    expect((await patch('add', users)).members).toEqual(inOrder([...users, inner]));
    expect((await patch('remove', users.slice(10))).members).toEqual(
      inOrder([...users.slice(0, 10), inner]),
    );
    const unknown = Array.from({ length: 3_000 }, (_, n) => `nobody-${n}`);
    const value = membersOf([...unknown, ...unknown.slice(0, 1)]);
    for (const refused of [
      await client.send('PUT', `/Groups/${id}`, { ...group, members: membersOf(unknown) }),
      await client.send('PUT', `/Groups/${id}`, { ...group, members: value }),
      await client.send('PATCH', `/Groups/${id}`, {
        Operations: [{ op: 'replace', path: 'members', value }],
      }),
    ])
      expect(refused.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    expect((await client.send('GET', `/Groups/${id}`)).body.members).toEqual(
      inOrder([...users.slice(0, 10), inner]),
    );
  });
});
