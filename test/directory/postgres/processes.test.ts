/**
 * Several server processes on one database. Whatever they do at once ends as if it had been done
 * one after the other.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresDirectory, usePostgres } from '../../support/directory/postgres.ts';
import { eventually } from '../../support/eventually.ts';
import { Program } from '../../support/program.ts';
import { addIntegration, type ScimClient } from '../../support/scim-server/server.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

let directory: PostgresDirectory;
let programs: readonly Program[];
/** In front of the database of the last process. */
let proxy: TcpProxy;
/** One integration, as each of the processes serves it. */
let clients: readonly ScimClient[];

beforeAll(async () => {
  directory = await usePostgres();
  const through = new URL(directory.database.url);
  proxy = await startTcpProxy(through.hostname, Number(through.port));
  through.host = `127.0.0.1:${proxy.port}`;
  programs = [directory.database.url, through.href].map(
    (url) =>
      new Program([
        'server',
        '--public-url=https://scim.example.com',
        '--host=127.0.0.1',
        '--port=0',
        '--ops-port=0',
        '--rate-limit=0',
        // The test waits for no deadline, which a busy machine could exceed.
        '--database-connections=30',
        `--database-url=${url}`,
      ]),
  );
  const ports = await Promise.all(
    programs.map(async (program) => Number((await program.logged('serving SCIM')).port)),
  );
  const client = await addIntegration(directory.store, ports[0] ?? 0);
  clients = ports.map((port) => client.at(port));
});
afterAll(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  await proxy.close();
  await directory.close();
});

/** The processes in turn. */
const server = (index: number): ScimClient => {
  const client = clients[index % clients.length];
  if (client === undefined) throw new Error('no server is running');
  return client;
};

let names = 0;
const fresh = (kind: string) => `${kind}-${++names}`;

async function createUser(): Promise<string> {
  const { status, id } = await server(names).send('POST', '/Users', { userName: fresh('user') });
  expect(status).toBe(201);
  return id;
}

async function createGroup(members: readonly string[] = []): Promise<string> {
  const body = { displayName: fresh('group'), members: members.map((value) => ({ value })) };
  const { status, id } = await server(names).send('POST', '/Groups', body);
  expect(status).toBe(201);
  return id;
}

const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

const patch = (index: number, path: string, Operations: readonly object[], headers = {}) =>
  server(index).send('PATCH', path, { Operations }, { headers });
const add = (value: string) => ({ op: 'add', path: 'members', value: [{ value }] });
const remove = (value: string) => ({ op: 'remove', path: `members[value eq "${value}"]` });
const replace = (values: readonly string[]) => ({
  op: 'replace',
  path: 'members',
  value: values.map((value) => ({ value })),
});

async function group(id: string) {
  const { body } = await server(0).send('GET', `/Groups/${id}`);
  const { members = [], meta } = body as {
    members?: { value: string }[];
    meta: { version: string };
  };
  const version = Number(/\d+/.exec(meta.version)?.[0]);
  return { members: members.map(({ value }) => value), version };
}

const statuses = (answers: readonly { status: number }[]) =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);

describe('two processes on one database', () => {
  it('keep every member that is added or removed at the same time, and count each change', async () => {
    const users = await times(50, createUser);
    const id = await createGroup();
    const added = await Promise.all(
      users.map((user, index) => patch(index, `/Groups/${id}`, [add(user)])),
    );
    expect(new Set(statuses(added))).toEqual(new Set([204]));
    expect(await group(id)).toEqual({ members: users.toSorted(), version: 51 });
    const removed = await Promise.all(
      users.map((user, index) => patch(index, `/Groups/${id}`, [remove(user)])),
    );
    expect(new Set(statuses(removed))).toEqual(new Set([204]));
    expect(await group(id)).toEqual({ members: [], version: 101 });
  });

  it('finish replacements and additions of the same moment as in some order', async () => {
    const users = (await times(30, createUser)).toSorted();
    const sets = [0, 1, 2].map((index) => users.slice(index * 5, index * 5 + 5));
    const extras = users.slice(15);
    for (let round = 0; round < 5; round++) {
      const id = await createGroup();
      const answers = await Promise.all([
        ...extras.map((user, index) => patch(index, `/Groups/${id}`, [add(user)])),
        ...sets.map((set, index) => patch(index, `/Groups/${id}`, [replace(set)])),
      ]);
      expect(new Set(statuses(answers))).toEqual(new Set([204]));
      const { members } = await group(id);
      const survivors = members.filter((member) => !extras.includes(member));
      expect(sets).toContainEqual(survivors);
    }
  });

  it('let no cycle of groups close, so at least one link of it fails', async () => {
    for (let round = 0; round < 5; round++) {
      const ring = await times(4, () => createGroup());
      const next = (index: number) => ring[(index + 1) % ring.length] ?? '';
      const answers = await Promise.all(
        ring.map((id, index) => patch(index, `/Groups/${id}`, [add(next(index))])),
      );
      expect(statuses(answers)).toEqual([204, 204, 204, 400]);
    }
  });

  it('create a userName once', async () => {
    const userName = fresh('wanted');
    const answers = await times(20, (index) => server(index).send('POST', '/Users', { userName }));
    expect(statuses(answers)).toEqual([201, ...Array(19).fill(409)]);
  });

  it('give a userName to one of the users that are renamed to it', async () => {
    const users = await times(10, createUser);
    const value = fresh('wanted');
    const answers = await Promise.all(
      users.map((id, index) =>
        patch(index, `/Users/${id}`, [{ op: 'replace', path: 'userName', value }]),
      ),
    );
    expect(statuses(answers)).toEqual([200, ...Array(9).fill(409)]);
  });

  it('let one of several writes that demand the same version succeed', async () => {
    const [user, id] = [await createUser(), await createGroup()];
    const headers = { 'if-match': 'W/"1"' };
    const users = await times(10, (index) =>
      patch(
        index,
        `/Users/${user}`,
        [{ op: 'replace', path: 'title', value: `${index}` }],
        headers,
      ),
    );
    expect(statuses(users)).toEqual([200, ...Array(9).fill(412)]);
    const groups = await times(10, (index) => patch(index, `/Groups/${id}`, [add(user)], headers));
    expect(statuses(groups).filter((status) => status !== 204)).toEqual(Array(9).fill(412));
  });

  it('keep every attribute of one user that is changed at the same time', async () => {
    const id = await createUser();
    const paths = ['title', 'nickName', 'displayName', 'locale', 'timezone', 'userType'];
    const answers = await Promise.all(
      paths.map((path, index) =>
        patch(index, `/Users/${id}`, [{ op: 'add', path, value: `${path}!` }]),
      ),
    );
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    const { body } = await server(0).send('GET', `/Users/${id}`);
    expect(body).toMatchObject(Object.fromEntries(paths.map((path) => [path, `${path}!`])));
  });

  it('leave no user in a group that was deleted while being added', async () => {
    const id = await createGroup();
    const users = await times(20, createUser);
    const answers = await Promise.all(
      users.flatMap((user, index) => [
        patch(index, `/Groups/${id}`, [add(user)]),
        server(index + 1).send('DELETE', `/Users/${user}`),
      ]),
    );
    expect(new Set(statuses(answers))).toEqual(new Set([204]));
    expect((await group(id)).members).toEqual([]);
    const rows = await directory.database.query(
      'SELECT 1 FROM group_members m WHERE member_id = ANY($1)',
      [users],
    );
    expect(rows).toEqual([]);
  });

  it('show each other immediately what was written', async () => {
    for (let index = 0; index < 20; index++) {
      const { id } = await server(index).send('POST', '/Users', { userName: fresh('seen') });
      expect((await server(index + 1).send('GET', `/Users/${id}`)).status).toBe(200);
    }
  });

  it('report that they are not ready while the database is unavailable, and recover afterwards', async () => {
    const line = await programs[1]?.logged('serving metrics and probes');
    const ready = async () => (await fetch(`http://127.0.0.1:${line?.port}/readyz`)).status;
    await eventually(async () => expect(await ready()).toBe(200));
    proxy.swallow();
    await eventually(async () => expect(await ready()).toBe(503));
    proxy.heal();
    await eventually(async () => expect(await ready()).toBe(200));
    await eventually(async () => {
      expect((await server(1).send('GET', '/Users?count=1')).status).toBe(200);
    });
  });
});
