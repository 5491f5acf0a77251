/** Groups in the list of users, over a real directory. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsoleContext } from '../../../src/console/context.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { ACME, addGroup, addUser, GLOBEX } from '../../directory/contract/fixture.ts';
import { handMadeConsole } from '../../support/console/hand-made.ts';
import { expectHarmless } from '../../support/console/harmless.ts';
import { HOSTILE } from '../../support/console/hostile.ts';
import { type SqliteDirectory, useSqlite } from '../../support/directory/sqlite.ts';

let directory: SqliteDirectory;
let store: Store;
let ids: Record<'ann' | 'bob' | 'team' | 'staff' | 'foreign', string>;

beforeAll(async () => {
  directory = await useSqlite();
  ({ store } = directory);
  const ann = await addUser(store, ACME, 'ann');
  const bob = await addUser(store, ACME, 'bob');
  await addUser(store, ACME, 'cid');
  const team = await addGroup(store, ACME, 'Team', [ann.id]);
  const staff = await addGroup(store, ACME, 'Staff', [ann.id, bob.id]);
  for (let index = 0; index < 15; index++)
    await addGroup(store, ACME, `Unit ${String(index).padStart(2, '0')}`, [ann.id]);
  await addGroup(store, ACME, 'Team of teams', [bob.id]);
  await addUser(store, GLOBEX, 'eve');
  const foreign = await addGroup(store, GLOBEX, 'Secret', []);
  ids = { ann: ann.id, bob: bob.id, team: team.id, staff: staff.id, foreign: foreign.id };
});
afterAll(() => directory.close());

const client = { list: async () => ({ metadata: {}, items: [] }) };

async function listOf(query: string, mayListGroups = true): Promise<string> {
  const { get } = handMadeConsole({
    tenants: [{ name: ACME.tenant, namespaces: ['acme'] }],
    context: { store, client: client as unknown as ConsoleContext['client'] },
    may: (_, { resource }) => mayListGroups || resource !== 'groups',
  });
  const response = await get(`/console/${ACME.tenant}/users?${query}`);
  expect(response.status).toBe(200);
  return response.text();
}

const named = (html: string) =>
  [...html.matchAll(/<th scope="row"><a [^>]*><bdi>(.*?)<\/bdi>/g)].map(([, name]) => name);
const textOf = (html: string) => html.replace(/<[^>]+>/g, '');

describe('the groups in the list of users', () => {
  it('are the direct ones: a few names, and how many more', async () => {
    const html = await listOf('');
    expect(html).toContain(`<a href="/console/${ACME.tenant}/groups/${ids.team}"><bdi>Team</bdi>`);
    const [, ann, bob, cid] = html.split('<tr>').slice(1).map(textOf);
    expect(ann).toContain('Team, Staff, Unit 00 + 14');
    expect(bob).toContain('Staff, Team of teams');
    expect(bob).not.toContain('+');
    expect(cid).toContain('–');
  });

  it('are not shown to a visitor who may not list groups, and limit nothing', async () => {
    const html = await listOf('', false);
    expect(named(html)).toEqual(['ann', 'bob', 'cid']);
    expect(html).not.toContain('Staff');
    expect(html).not.toContain('name="in"');
    for (const query of [`group=${ids.staff}`, 'in=Staff', `group=${ids.foreign}`]) {
      const limited = await listOf(query, false);
      expect(named(limited)).toEqual([]);
      expect(limited).not.toContain('<bdi>Staff');
    }
  });
});

describe('the group that the list of users is limited to', () => {
  it.each(['Staff', 'sTAFF', 'sta'])('is entered by its name: %s', async (text) => {
    const html = await listOf(`in=${text}`);
    expect(named(html)).toEqual(['ann', 'bob']);
    expect(html).toMatch(new RegExp(`name="group" value="${ids.staff}" checked`));
  });

  it('is the one of exactly this name, and those that begin with it are offered', async () => {
    const html = await listOf('in=team&state=active');
    expect(named(html)).toEqual(['ann']);
    expect(textOf(html)).toContain('Other groups: Team of teams');
    expect(html).toMatch(/href="[^"]*state=active&amp;group=[^"&]*"><bdi>Team of teams/);
  });

  it('is asked for if several may be meant', async () => {
    const html = await listOf('in=u');
    expect(named(html)).toEqual([]);
    expect(textOf(html)).toContain('Which group? Unit 00, Unit 01');
    expect(textOf(html)).toContain('Unit 09 and more');
  });

  it('is kept by its id on other pages of the list', async () => {
    const html = await listOf('in=Staff&after=WyIiLCIiXQ');
    expect(html).toContain(`users?group=${ids.staff}"`);
  });

  it('is offered by the browser, as far as its name can be entered', async () => {
    const values = [...(await listOf('')).matchAll(/<option value="(Unit \d\d|Staff|Team)">/g)];
    expect(values).not.toEqual([]);
  });

  it('says what to do if no group matches', async () => {
    const html = await listOf('in=nothing&q=an');
    expect(html).toContain('No group matches');
    expect(html).toContain(`/console/${ACME.tenant}/users?q=an"`);
  });

  it('is the same for an id of another tenant as for one that does not exist', async () => {
    const foreign = await listOf(`group=${ids.foreign}`);
    const missing = await listOf('group=none');
    const withoutIds = (html: string) =>
      html
        .replaceAll(ids.foreign, 'ID')
        .replaceAll('none', 'ID')
        .replace(/[0-9a-f-]{36}/g, '');
    expect(named(foreign)).toEqual([]);
    expect(foreign).not.toContain('Secret');
    expect(withoutIds(foreign)).toBe(withoutIds(missing));
    expect(await listOf('in=Secret')).toContain('No group matches');
  });

  it('may have a name that is meant to do harm', async () => {
    for (const name of HOSTILE) {
      const group = await addGroup(store, ACME, `zz ${name}`, [ids.bob]);
      expectHarmless(await listOf('in=zz'));
      expectHarmless(await listOf(`group=${group.id}`));
    }
  });
});
