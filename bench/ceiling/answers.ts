/** Responds to the requests of the load, and to nothing else. */
import { randomUUID } from 'node:crypto';
import type { CeilingGroup, CeilingStore, CeilingUser, Lookup } from './store.ts';

type Answer = readonly [status: number, json?: string];

interface Body {
  userName?: string;
  externalId?: string;
  displayName?: string;
  emails?: { value: string }[];
  id?: string;
  meta?: unknown;
  Operations?: { op: string; path: string; value: unknown }[];
}

const GROUP = '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]';
const LIST = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"]';
const LOOKUPS: Readonly<Record<string, Lookup>> = {
  userName: 'user_name',
  externalId: 'external_id',
  'emails[type eq "work"].value': 'email',
};

/** `body` may be what an identity provider sends, or a user as it is kept. */
export function ceilingUser(body: Body, base: string, id = randomUUID() as string): CeilingUser {
  const created = new Date().toISOString();
  const location = `${base}/Users/${id}`;
  const meta = { resourceType: 'User', location, created, lastModified: created };
  return {
    id,
    user_name: body.userName?.toLowerCase() ?? '',
    external_id: body.externalId ?? '',
    email: body.emails?.[0]?.value.toLowerCase() ?? '',
    json: JSON.stringify({ ...body, id, meta: { ...meta, version: 'W/"1"' } }),
  };
}

export function answersOf(store: CeilingStore, base: string) {
  const groupJson = ({ id, name, version }: CeilingGroup, members = '') =>
    `${GROUP},"id":"${id}","displayName":${JSON.stringify(name)}${members},` +
    `"meta":{"resourceType":"Group","version":"W/\\"${version}\\""}}`;
  const list = (rows: readonly string[], total = rows.length, start = 1): Answer => [
    200,
    `${LIST},"totalResults":${total},"startIndex":${start},"itemsPerPage":${rows.length},` +
      `"Resources":[${rows.join(',')}]}`,
  ];
  const listOf = (row: string | undefined) => list(row === undefined ? [] : [row]);

  const users = async (method: string, id: string, query: URLSearchParams, body: string) => {
    if (method === 'GET' && id !== '') {
      const json = await store.user(id);
      return json === undefined ? notFound : ([200, json] as const);
    }
    if (method === 'GET') {
      const [, attribute = '', value = ''] =
        /^(.*) eq "([^"]*)"$/.exec(query.get('filter') ?? '') ?? [];
      const lookup = LOOKUPS[attribute];
      if (lookup !== undefined) return listOf(await store.find(lookup, value));
      const start = Number(query.get('startIndex') ?? 1);
      const page = await store.page(start, Number(query.get('count') ?? 100));
      return list(page, await store.total(), start);
    }
    const sent = JSON.parse(body) as Body;
    if (method === 'POST') {
      const user = ceilingUser(sent, base);
      await store.insert([user]);
      return [201, user.json] as const;
    }
    const changed = await store.change(id, (json) => {
      const current = JSON.parse(json) as Body;
      if (method === 'PUT') return JSON.stringify({ ...sent, id, meta: current.meta });
      const values = (sent.Operations ?? []).map(({ path, value }) => [path, value]);
      return JSON.stringify({ ...current, ...Object.fromEntries(values) });
    });
    return [200, changed] as const;
  };

  const changeGroup = async (method: string, id: string, body: string): Promise<Answer> => {
    const { displayName = '', Operations = [] } = JSON.parse(body) as Body;
    if (method === 'POST') {
      const group = { id: randomUUID(), name: displayName, version: 1 };
      await store.addGroup(group.id, group.name);
      return [201, groupJson(group)];
    }
    for (const { op, path, value } of Operations) {
      const values = (value ?? []) as { value: string }[];
      if (op === 'remove') await store.removeMember(id, path.split('"')[1] ?? '');
      else
        await store.addMembers(
          id,
          values.map((member) => member.value),
        );
    }
    return [204];
  };

  const readGroups = async (id: string, query: URLSearchParams): Promise<Answer> => {
    const [attribute = '', ...values] = (query.get('filter') ?? '').split('"');
    if (attribute === 'displayName eq ') {
      const group = await store.group('name', values[0] ?? '');
      return listOf(group && groupJson(group));
    }
    if (attribute === 'id eq ') {
      const [of = '', , member = ''] = values;
      const group = (await store.isMember(of, member)) ? await store.group('id', of) : undefined;
      return listOf(group && groupJson(group));
    }
    const group = await store.group('id', id);
    if (group === undefined) return notFound;
    if (query.has('excludedAttributes')) return [200, groupJson(group)];
    const members = (await store.members(id)).map(
      (user) => `{"value":"${user}","type":"User","$ref":"${base}/Users/${user}"}`,
    );
    return [200, groupJson(group, `,"members":[${members.join(',')}]`)];
  };

  const notFound: Answer = [404, '{}'];
  return async (method: string, target: string, body: string): Promise<Answer> => {
    const [path = '', search] = target.split('?', 2);
    const [resources, id = ''] = path.slice(1).split('/');
    const query = new URLSearchParams(search);
    if (resources === 'Users') return users(method, id, query, body);
    if (resources === 'Groups')
      return method === 'GET' ? readGroups(id, query) : changeGroup(method, id, body);
    return resources === 'ServiceProviderConfig' ? [200, '{}'] : notFound;
  };
}
