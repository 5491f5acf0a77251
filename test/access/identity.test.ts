/** Who the people of a directory are to Kubernetes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Access, createAccess } from '../../src/access/access.ts';
import type { NamingRule } from '../../src/directory/kubernetes-names.ts';
import { ACME, addGroup, addUser, at, GLOBEX } from '../directory/contract/fixture.ts';
import { clientOf } from '../support/access/client.ts';
import { type SqliteDirectory, useSqlite } from '../support/directory/sqlite.ts';

let directory: SqliteDirectory;
beforeEach(async () => {
  directory = await useSqlite();
});
afterEach(() => directory.close());

const accessWith = (naming: Partial<NamingRule> = {}): Access =>
  createAccess({
    client: clientOf(1),
    store: directory.store,
    naming: { prefix: 'scim:', from: 'userName', case: 'preserve', ...naming },
  });

describe('a person', () => {
  it('is in the group of the tenant and in those of their groups, direct and nested', async () => {
    const { store } = directory;
    const ada = await addUser(store, ACME, 'Ada');
    const inner = await addGroup(store, ACME, 'Inner', [ada.id]);
    await addGroup(store, ACME, 'Outer', [inner.id]);
    await addGroup(store, ACME, 'Other');
    expect(await accessWith().identityOf('acme', ada.id)).toEqual({
      tenant: 'acme',
      user: 'scim:Ada',
      groups: ['scim:acme', 'scim:acme:Inner', 'scim:acme:Outer'],
    });
  });

  it('is another one in another tenant, if the prefix says so, and in other groups in any case', async () => {
    const { store } = directory;
    const [acme, globex] = [await addUser(store, ACME, 'ada'), await addUser(store, GLOBEX, 'ada')];
    await addGroup(store, ACME, 'Staff', [acme.id]);
    await addGroup(store, GLOBEX, 'Staff', [globex.id]);
    const access = accessWith({ prefix: 'scim:{tenant}:' });
    expect((await access.identityOf('acme', acme.id))?.user).toBe('scim:acme:ada');
    expect(await access.identityOf('globex', globex.id)).toEqual({
      tenant: 'globex',
      user: 'scim:globex:ada',
      groups: ['scim:globex:globex', 'scim:globex:globex:Staff'],
    });
    expect(await accessWith().identityOf('globex', globex.id)).toEqual({
      tenant: 'globex',
      user: 'scim:ada',
      groups: ['scim:globex', 'scim:globex:Staff'],
    });
    expect(await access.identityOf('acme', globex.id)).toBeUndefined();
  });

  it('is nobody if inactive, unknown or without the attribute', async () => {
    const { store } = directory;
    const ada = await addUser(store, ACME, 'ada', { externalId: 'Ada-1' });
    const named = accessWith({ from: 'externalId', case: 'lower' });
    expect((await named.identityOf('acme', ada.id))?.user).toBe('scim:ada-1');
    expect(await accessWith({ from: 'email' }).identityOf('acme', ada.id)).toBeUndefined();
    await store.users.change(ACME, ada.id, () => ({ userName: 'ada', active: false }), at(1));
    expect(await accessWith().identityOf('acme', ada.id)).toBeUndefined();
    await store.users.delete(ACME, ada.id, () => undefined, at(2));
    expect(await accessWith().identityOf('acme', ada.id)).toBeUndefined();
  });

  it('never is in a group whose name Kubernetes reserves', async () => {
    const { store } = directory;
    const system = { tenant: 'system', integrationId: 'x' };
    const ada = await addUser(store, system, 'ada');
    await addGroup(store, system, 'masters', [ada.id]);
    expect((await accessWith({ prefix: '' }).identityOf('system', ada.id))?.groups).toEqual([
      'system',
    ]);
  });
});
