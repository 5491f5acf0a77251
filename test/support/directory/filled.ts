/** Fills a directory with a bit of everything, and reads everything that a client can see. */

import fc from 'fast-check';
import { scopeOf } from '../../../src/directory/store/integrations.ts';
import { STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';
import { body } from '../scim/arbitrary-resources.ts';
import type { ScimClient, ScimServer } from '../scim-server/server.ts';

const MAKER = { clusterUid: 'cluster', kind: 'ScimIntegration', namespace: 'acme', name: 'okta' };

/** Returns the clients of the live integrations. The seed decides about the content. */
export async function fill(server: ScimServer, seed: number): Promise<readonly ScimClient[]> {
  const { store } = server;
  const clients = [
    await server.addIntegration({ deletionPolicy: 'Delete' }),
    await server.addIntegration(),
    await server.addIntegration({ tenant: 'globex', namespace: 'globex' }),
  ];
  for (const [index, client] of clients.entries()) {
    await addUsersAndGroups(client, seed + index);
    const { id } = client.record;
    const hash = { integrationId: id, keyId: 'abcdefghij', issuedAt: 5 };
    await store.tokens.add({ ...hash, hash: `${id}-a`, expiresAt: undefined, pending: true });
    await store.tokens.add({ ...hash, hash: `${id}-b`, expiresAt: 7, pending: false });
  }
  const [okta, entra] = clients as [ScimClient, ScimClient];
  await shareUsers(okta, entra);
  const ended = await server.addIntegration({ enabled: false, allowed: false });
  await store.integrations.end(ended.record.id, 8);
  await store.integrations.touch(new Map([[okta.record.id, 9]]));
  await signIn(server, okta);
  await store.integrations.claim('acme', { clusterUid: 'cluster', namespaceUid: 'namespace' });
  await store.integrations.govern('globex');
  await store.madeObjects.put(MAKER, { kind: 'Secret', name: 'a', uid: 'uid', operator: 'own' });
  await store.madeObjects.put(MAKER, { kind: 'Secret', name: 'b', uid: undefined });
  await store.recentRequests.put(scopeOf(okta.record), 'process', [], 10);
  return clients;
}

/** Binds an account to a user, and opens a session and a setup link. */
async function signIn({ store }: ScimServer, client: ScimClient): Promise<void> {
  const { id } = await client.send('POST', '/Users', { userName: `Ann ${client.record.id}` });
  const account = { issuer: 'https://idp.example', subject: 'ann' };
  const times = { createdAt: 10, lastUsedAt: 10, expiresAt: 20 };
  const user = { tenant: 'acme', accessId: id };
  await store.identities.bind('acme', id, account, 10);
  await store.sessions.create({
    kind: 'person',
    hash: 'session',
    provider: 'okta',
    ...user,
    ...account,
    ...times,
  });
  const integration = { tenant: 'acme', namespace: 'acme', name: 'okta' };
  await store.setupLinks.create({
    hash: 'link',
    integrationUid: 'uid',
    creator: { kind: 'person', accessId: 'ada' },
    createdBy: 'ada',
    ...integration,
    ...times,
  });
}

const USERS = 30;
const GROUPS = 6;

async function addUsersAndGroups(client: ScimClient, seed: number): Promise<void> {
  const { user, group } = STANDARD_RESOURCE_TYPES;
  const people = fc.sample(body(user, 'userName'), { seed, numRuns: USERS });
  const teams = fc.sample(body(group, 'displayName'), { seed, numRuns: GROUPS });
  const ids: string[] = [];
  for (const [index, person] of people.entries()) {
    const userName = `Usér-${seed}-${index}@example.com`;
    const added = await client.send('POST', '/Users', { ...person, userName });
    // Some random bodies contradict each other.
    const kept = added.status === 201 ? added : await client.send('POST', '/Users', { userName });
    ids.push(kept.id);
  }
  await client.send('DELETE', `/Users/${ids.pop()}`);
  await patch(client, `/Users/${ids[0]}`, { displayName: 'changed', userName: `new-${seed}` });
  let nested: string | undefined;
  for (const [index, team] of teams.entries()) {
    const members = [...ids.slice(index), ...(nested === undefined ? [] : [nested])];
    const { id } = await client.send('POST', '/Groups', {
      ...team,
      displayName: `Téam ${seed} ${index}`,
      members: members.map((value) => ({ value })),
    });
    nested = id;
  }
}

const patch = (client: ScimClient, path: string, value: object) =>
  client.send('PATCH', path, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', value }],
  });

/** Gives resources of one integration an externalId of another one. */
async function shareUsers(of: ScimClient, to: ScimClient): Promise<void> {
  for (const type of ['Users', 'Groups']) {
    const { body: page } = await of.send('GET', `/${type}?count=5&attributes=id`);
    for (const { id } of page.Resources as { id: string }[]) {
      await patch(to, `/${type}/${id}`, { externalId: `other ${id}` });
    }
  }
}

const LISTS = [
  '/Users?count=1000',
  '/Groups?count=1000',
  '/Users?count=0',
  '/Users?filter=externalId%20pr',
  '/Users?filter=active%20eq%20true%20or%20emails.value%20co%20%22a%22&sortBy=userName',
  '/Users?filter=name.familyName%20pr&sortBy=name.familyName&sortOrder=descending',
  '/Groups?filter=displayName%20sw%20%22T%C3%A9am%22&sortBy=displayName',
  '/Groups?filter=members.value%20pr',
];

/** The representations with their versions, externalIds, members and order. */
export async function seenBy(clients: readonly ScimClient[], port: number): Promise<string[]> {
  const seen: string[] = [];
  for (const client of clients) {
    for (const list of LISTS) {
      const { status, text } = await client.at(port).send('GET', list);
      seen.push(`${list} ${status} ${text}`);
    }
  }
  return seen;
}
