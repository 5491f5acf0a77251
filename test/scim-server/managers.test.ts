/** The manager of a user, by id, by URL, or by both. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import { DATABASES } from '../support/directory/databases.ts';
import { ENTERPRISE_URN } from '../support/scim/patched.ts';
import { idsFoundBy } from '../support/scim-server/found.ts';
import { managerOf, OTHER_SERVER, SOME_ID, useUsers } from '../support/scim-server/users.ts';

describe.each(DATABASES)('on %s', (_, open) => {
  const { serverOf, clientOf, createUser, patch, read, found } = useUsers(open);

  it('the URL of a manager is in every response, and a filter finds it', async () => {
    const boss = await createUser();
    const $ref = (boss.body.meta as JsonObject).location;
    const manager = { value: boss.id, $ref };
    const created = await createUser({ [ENTERPRISE_URN]: { manager: { value: boss.id } } });
    const path = `/Users/${created.id}`;
    const answers = [
      created.body,
      await read(path),
      ((await read(`/Users?filter=id eq "${created.id}"`)).Resources as JsonObject[])[0] ?? {},
      (await patch(path, { op: 'add', path: 'title', value: 'Dr' })).body,
      await read(`${path}?attributes=${ENTERPRISE_URN}`),
      await read(`${path}?attributes=manager`),
    ];
    for (const body of answers) expect(managerOf(body)).toEqual(manager);
    expect(managerOf(await read(`${path}?excludedAttributes=${ENTERPRISE_URN}`))).toBeUndefined();
    const filter = `${ENTERPRISE_URN}:manager.$ref eq "${$ref}"`;
    expect(await found('/Users', filter)).toEqual([created.id]);

    const before = await clientOf().send('GET', path);
    const tag = before.headers.get('etag') ?? '';
    const put = await clientOf().send('PUT', path, before.body, { headers: { 'if-match': tag } });
    expect(put.body).toEqual(before.body);
    const known = { headers: { 'if-none-match': tag } };
    expect((await clientOf().send('GET', path, undefined, known)).status).toBe(304);

    // A reference may lead to 404 (RFC 7643 §2.3.7). What a filter finds doesn't depend on others.
    await clientOf().send('DELETE', `/Users/${boss.id}`);
    expect((await clientOf().send('GET', path, undefined, known)).status).toBe(304);
    expect(await found('/Users', filter)).toEqual([created.id]);
  });

  it.each<[string, JsonObject]>([
    ['that is no id here', { value: 'nobody' }],
    ['that has the form of an id', { value: SOME_ID }],
    ['of another system, with a URL', { value: '7', $ref: `${OTHER_SERVER}/Users/7` }],
    ['that is missing beside a URL of another system', { $ref: `${OTHER_SERVER}/Users/7` }],
  ])(
    'a filter finds a manager by $ref if the response has one, for a value %s',
    async (_value, manager) => {
      const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager } });
      const { $ref } = managerOf(body) as JsonObject;
      const ofUser = (filter: string) =>
        found('/Users', `userName eq "${body.userName}" and ${filter}`);
      const shown = $ref === undefined ? [] : [id];
      expect(await ofUser(`${ENTERPRISE_URN}:manager.$ref pr`)).toEqual(shown);
      expect(await ofUser(`${ENTERPRISE_URN}:manager[$ref pr]`)).toEqual(shown);
      expect(await ofUser(`${ENTERPRISE_URN}:manager.$ref eq "${$ref}"`)).toEqual(shown);
      const Operations = [{ op: 'remove', path: `${ENTERPRISE_URN}:manager[$ref pr]` }];
      const { body: after } = await clientOf().send('PATCH', `/Users/${id}`, { Operations });
      expect(managerOf(after)).toEqual($ref === undefined ? manager : undefined);
    },
  );

  it.each<[string, (id: string, url: string) => JsonObject]>([
    ['absolute', (value, $ref) => ({ value, $ref })],
    ['relative', (value) => ({ value, $ref: `../Users/${value}` })],
    ['without a $ref', (value) => ({ value })],
    ['with a $ref that is null', (value) => ({ value, $ref: null })],
  ])('a manager may be sent in any form without a change: %s', async (_form, sent) => {
    const boss = await createUser();
    const url = String((boss.body.meta as JsonObject).location);
    const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager: sent(boss.id, url) } });
    expect(managerOf(body)).toEqual({ value: boss.id, $ref: url });
    const value = sent(boss.id, url);
    const again = await patch(`/Users/${id}`, {
      op: 'replace',
      path: `${ENTERPRISE_URN}:manager`,
      value,
    });
    expect(again.body).toEqual(body);
  });

  it('a filter with a URL finds the users whose response shows it, here or elsewhere', async () => {
    const boss = await createUser();
    const url = String((boss.body.meta as JsonObject).location);
    const elsewhere = `https://x.example/scim/v2/Users/${boss.id}`;
    const otherHost = `//h/Users/${boss.id}`;
    const withManager = async (manager: JsonObject) =>
      (await createUser({ title: boss.id, [ENTERPRISE_URN]: { manager } })).id;
    const ours = await withManager({ value: boss.id });
    const theirs = await withManager({ value: '7', $ref: elsewhere });
    const others = await withManager({ value: '7', $ref: otherHost });
    const foundBy = (comparison: string) =>
      found(
        '/Users',
        `title eq "${boss.id}" and ${ENTERPRISE_URN}:manager.$ref ${comparison} and ` +
          `${ENTERPRISE_URN}:manager[$ref ${comparison}]`,
      );
    const { pathname } = new URL(url);
    const short = ['../Users/', './Users/', '/Users/', 'Users/', '/scim/v2/Users/'];
    const inCapitals = url.replace('https://scim.', 'HTTPS://SCIM.');
    for (const literal of [url, pathname, inCapitals, ...short.map((each) => each + boss.id)]) {
      expect([literal, await foundBy(`eq "${literal}"`)]).toEqual([literal, [ours]]);
      expect([literal, await foundBy(`ne "${literal}"`)]).toEqual([literal, [theirs, others]]);
    }
    for (const [literal, id] of [
      [elsewhere, theirs],
      [otherHost, others],
    ]) {
      const rest = [ours, theirs, others].filter((each) => each !== id);
      expect([literal, await foundBy(`eq "${literal}"`)]).toEqual([literal, [id]]);
      expect([literal, await foundBy(`ne "${literal}"`)]).toEqual([literal, rest]);
    }
    expect(await foundBy(`ew "${url}"`)).toEqual([ours]);
    expect(await foundBy(`ew "${pathname}"`)).toEqual([ours]);
    expect(await foundBy(`ew "/scim/v2/Users/${boss.id}"`)).toEqual([ours, theirs]);
    for (const end of [`/Users/${boss.id}`, `Users/${boss.id}`, boss.id]) {
      expect(await foundBy(`ew "${end}"`)).toEqual([ours, theirs, others]);
    }
    expect(await foundBy(`ew "x.example/scim/v2/Users/${boss.id}"`)).toEqual([theirs]);
  });

  it('the integrations of a tenant may send the manager as any of them has read it', async () => {
    const sibling = await serverOf().addIntegration();
    const boss = await createUser();
    const manager = { value: boss.id };
    const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager } });
    const path = `/Users/${id}`;
    const bySibling = await sibling.send('GET', path);
    const put = await clientOf().send('PUT', path, bySibling.body);
    expect(put.body).toEqual(body);
    expect((await sibling.send('PUT', path, body)).body).toEqual(bySibling.body);
    const { $ref } = managerOf(bySibling.body) as JsonObject;
    const filter = `userName eq "${body.userName}" and ${ENTERPRISE_URN}:manager.$ref`;
    for (const each of [clientOf(), sibling]) {
      expect(await idsFoundBy(each, '/Users', `${filter} eq "${$ref}"`)).toEqual([id]);
      expect(await idsFoundBy(each, '/Users', `${filter} ne "${$ref}"`)).toEqual([]);
    }
    const stranger = await serverOf().addIntegration({ tenant: 'other' });
    const theirs = `${stranger.publicBaseUrl}${path.replace(id, boss.id)}`;
    expect(await found('/Users', `${filter} eq "${theirs}"`)).toEqual([]);
    const remove = { op: 'remove', path: `${ENTERPRISE_URN}:manager[$ref eq "${$ref}"]` };
    expect(managerOf((await patch(path, remove)).body)).toBeUndefined();
  });

  it('the URL of a member or a group finds it in each form of this endpoint alone', async () => {
    const member = await createUser();
    const url = String((member.body.meta as JsonObject).location);
    const members = [{ value: member.id }];
    const group = await clientOf().send('POST', '/Groups', { displayName: member.id, members });
    const ofGroup = String((group.body.meta as JsonObject).location);
    const forms = ($ref: string) => {
      const [end = ''] = /[^/]+\/[^/]+$/.exec($ref) ?? [];
      return [$ref, new URL($ref).pathname, `../${end}`, `/${end}`, end, `/scim/v2/${end}`];
    };
    const elsewhere = ($ref: string) => $ref.replace(/^.*(?=\/scim)/, 'https://x.example');
    const byMember = (literal: string) =>
      found('/Groups', `displayName eq "${member.id}" and members.$ref ${literal}`);
    const byGroup = (literal: string) =>
      found('/Users', `id eq "${member.id}" and groups[$ref ${literal}]`);
    for (const operator of ['eq', 'ew']) {
      for (const form of forms(url))
        expect([form, await byMember(`${operator} "${form}"`)]).toEqual([form, [group.id]]);
      for (const form of forms(ofGroup))
        expect([form, await byGroup(`${operator} "${form}"`)]).toEqual([form, [member.id]]);
      expect(await byMember(`${operator} "${elsewhere(url)}"`)).toEqual([]);
      expect(await byGroup(`${operator} "${elsewhere(ofGroup)}"`)).toEqual([]);
    }
    const remove = async ($ref: string) => {
      const path = `members[$ref eq "${$ref}"]`;
      expect((await patch(`/Groups/${group.id}`, { op: 'remove', path })).status).toBe(204);
      return (await read(`/Groups/${group.id}`)).members;
    };
    expect(await remove(elsewhere(url))).toMatchObject(members);
    expect(await remove(url)).toEqual([]);
  });

  it.each<[string, (url: string, id: string) => string]>([
    ['absolute', (url) => url],
    ['relative', (_url, id) => `../Users/${id}`],
  ])('the URL of a manager is enough, %s', async (_form, $ref) => {
    const boss = await createUser();
    const url = String((boss.body.meta as JsonObject).location);
    const manager = { $ref: $ref(url, boss.id) };
    const { body } = await createUser({ [ENTERPRISE_URN]: { manager } });
    expect(managerOf(body)).toEqual({ value: boss.id, $ref: url });
  });

  it('a reference to an unknown manager, or to another system, is kept as sent', async () => {
    const boss = await createUser();
    const elsewhere = { value: boss.id, $ref: 'https://hr.example.com/people/7' };
    const $ref = 'https://idp.other.example/scim/v2/Users/42';
    for (const manager of [{ value: 'nobody' }, elsewhere, { $ref }, { value: '42', $ref }]) {
      const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager } });
      expect(managerOf(body)).toEqual(manager);
      expect(managerOf(await read(`/Users/${id}`))).toEqual(manager);
    }
  });
});
