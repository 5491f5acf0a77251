/** The search for people. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageCursor } from '../../../../src/directory/sql/people/cursor.ts';
import { CursorError } from '../../../../src/directory/store/cursor-error.ts';
import type { PeopleStore } from '../../../../src/directory/store/people.ts';
import type { Store } from '../../../../src/directory/store/store.ts';
import type { Attributes } from '../../../../src/scim/resource.ts';
import { fold } from '../../../../src/scim/text.ts';
import { ACME, ACME_TOO, addGroup, addUser, at, GLOBEX, type Open, useStore } from '../fixture.ts';

const { tenant } = ACME;

type Query = Omit<Parameters<PeopleStore['search']>[1], 'limit' | 'after'>;

/** The userNames on all pages. */
async function found(store: Store, query: Query, limit = 100): Promise<string[]> {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.people.search(tenant, { ...query, after, limit });
    expect(page.people.length).toBeLessThanOrEqual(limit);
    names.push(...page.people.map(({ userName }) => userName));
    after = page.next;
  } while (after !== undefined);
  return names;
}

export function peopleSearchContract(open: Open): void {
  describe('a search for people', () => {
    const opened = useStore(open);

    it('finds them by whatever their names begin with, each once', async () => {
      const store = opened();
      await addUser(store, ACME, 'ann.berg@acme.example', {
        displayName: 'Ann Åberg',
        name: { givenName: 'Ann', familyName: 'Åberg' },
        emails: [{ value: 'ann.berg@acme.example' }, { value: 'Annie@home.example' }],
      });
      await addUser(store, ACME, 'zoe', { displayName: 'Zoë Ånn' });
      await addUser(store, ACME, 'bob', { name: { givenName: 'Annabel' } });
      await addUser(store, GLOBEX, 'ann');
      expect(await found(store, { text: 'AN' })).toEqual(['ann.berg@acme.example', 'bob']);
      expect(await found(store, { text: 'ANNI' })).toEqual(['ann.berg@acme.example']);
      expect(await found(store, { text: 'ann å' })).toEqual(['ann.berg@acme.example']);
      expect(await found(store, { text: 'åb' })).toEqual(['ann.berg@acme.example']);
      expect(await found(store, { text: '  zoë å' })).toEqual(['zoe']);
      expect(await found(store, { text: 'berg' })).toEqual([]);
      for (const text of ['%', "'", 'a\0', '\ud800', '\u{10ffff}']) {
        expect(await found(store, { text })).toEqual([]);
      }
    });

    it('without a text lists everybody by userName', async () => {
      const store = opened();
      for (const name of ['cid', 'Bob', 'ann', 'dan']) {
        await addUser(store, ACME, name, { displayName: `A ${name}` });
      }
      for (const limit of [1, 2, 3, 4, 5]) {
        expect(await found(store, {}, limit)).toEqual(['ann', 'Bob', 'cid', 'dan']);
      }
      const { people } = await store.people.search(tenant, { limit: 1 });
      expect(people).toEqual([
        {
          id: expect.any(String),
          userName: 'ann',
          displayName: 'A ann',
          email: undefined,
          active: true,
          lastModified: at(0),
        },
      ]);
    });

    it.each(['abc', pageCursor('a')])('does not begin where no page ended: %j', async (after) => {
      const search = opened().people.search(tenant, { after, limit: 9 });
      await expect(search).rejects.toThrow(CursorError);
    });

    it('follows every change of a person', async () => {
      const store = opened();
      const emails = [{ value: 'first@acme.example' }];
      const { id } = await addUser(store, ACME, 'ann', { displayName: 'Ann', emails });
      const change = (next: Attributes) =>
        store.users.change(ACME, id, ({ profile }) => ({ ...profile.attributes, ...next }), at(1));
      expect(await found(store, { text: 'first' })).toEqual(['ann']);
      await change({ emails: [{ value: 'second@acme.example' }], displayName: 'second@acme' });
      expect(await found(store, { text: 'first' })).toEqual([]);
      expect(await found(store, { text: 'second' })).toEqual(['ann']);
      await change({ userName: 'eve', active: false, title: 'x' });
      expect(await found(store, { text: 'ann' })).toEqual([]);
      expect(await found(store, { text: 'e', active: true })).toEqual([]);
      expect(await found(store, { text: 'e', active: false })).toEqual(['eve']);
      // The userName becomes the e-mail address, and back.
      await change({ userName: 'second@acme.example' });
      await change({ emails: [] });
      await change({ emails: [{ value: 'SECOND@acme.example' }] });
      expect(await found(store, { text: 'second' })).toEqual(['second@acme.example']);
      expect(await store.people.find(tenant, 'email', 'second@acme.example')).toHaveLength(1);
      await store.users.delete(ACME, id, () => undefined, at(2));
      expect(await found(store, {})).toEqual([]);
      expect(await found(store, { text: 'second' })).toEqual([]);
    });

    it('finds a long name by its beginning', async () => {
      const store = opened();
      const displayName = `x${'😀'.repeat(300)}`;
      await addUser(store, ACME, 'ann', { displayName });
      expect(await found(store, { text: displayName.slice(0, 101) })).toEqual(['ann']);
    });

    it('goes on where more people fit a text than a filter', async () => {
      const store = opened();
      const inside: string[] = [];
      for (let n = 0; n < 2_600; n++) {
        const name = `u${String(n).padStart(4, '0')}`;
        const { id } = await addUser(store, n % 1_300 === 7 ? ACME_TOO : ACME, name);
        if (n > 2_590) inside.push(id);
      }
      const inner = await addGroup(store, ACME, 'inner', inside);
      const group = await addGroup(store, ACME, 'outer', [inner.id]);
      const last = [
        'u2591',
        'u2592',
        'u2593',
        'u2594',
        'u2595',
        'u2596',
        'u2597',
        'u2598',
        'u2599',
      ];
      expect(await found(store, { text: 'u', groupId: group.id }, 4)).toEqual(last);
      expect(await found(store, { groupId: group.id }, 20)).toEqual(last);
      expect(await found(store, { text: 'u', integrationId: 'entra' }, 1)).toEqual([
        'u0007',
        'u1307',
      ]);
      expect(await found(store, { groupId: group.id, integrationId: 'entra' })).toEqual([]);
      // Too many to be read one by one, from one place on.
      expect((await found(store, { text: 'u2', integrationId: 'okta' }, 7)).length).toBe(600);
      expect((await found(store, { integrationId: 'okta' }, 300)).length).toBe(2_598);
      expect(await found(store, { groupId: 'nobody' })).toEqual([]);
    });

    it('goes on behind a page for which too many people were compared', async () => {
      const store = opened();
      const names = Array.from({ length: 4_200 }, (_, n) => `u${String(n).padStart(4, '0')}`);
      for (let start = 0; start < names.length; start += 300) {
        const scope = start < 3_000 ? ACME_TOO : ACME;
        const batch = names.slice(start, start + 300);
        await Promise.all(batch.map((name) => addUser(store, scope, name)));
      }
      const query = { text: 'u', integrationId: ACME.integrationId };
      const first = await store.people.search(tenant, { ...query, limit: 50 });
      expect(first.people).toEqual([]);
      expect(first.next).toBeDefined();
      expect(await found(store, query, 400)).toEqual(names.slice(3_000));
    });

    it('finds what a comparison in memory finds', async () => {
      const store = opened();
      const people = fc.sample(PEOPLE, { seed: 12, numRuns: 1 }).flat();
      const members: string[] = [];
      for (const { isInGroup, isShared, userName, ...attributes } of people) {
        const given: Attributes = JSON.parse(JSON.stringify(attributes));
        const { id } = await addUser(store, isShared ? ACME_TOO : ACME, userName, given);
        if (isInGroup) members.push(id);
      }
      const group = await addGroup(store, ACME, 'group', members);
      for (const query of queries(group.id)) {
        const expected = people
          .filter((person) => fits(person, query))
          .map(({ userName }) => userName);
        for (const limit of [3, 100]) {
          const names = await found(store, query, limit);
          expect(names.toSorted(), JSON.stringify(query)).toEqual(expected.toSorted());
        }
      }
    });
  });
}

const word = fc.constantFrom('a', 'b', 'ab', 'Ba', 'á', 'aa b', 'b a', 'ß', 'σς', 'a\u0301');
const person = fc.record({
  userName: fc.tuple(word, word).map((parts) => parts.join('')),
  displayName: fc.option(word),
  name: fc.option(fc.record({ givenName: word, familyName: word })),
  emails: fc.array(fc.record({ value: word }), { maxLength: 2 }),
  active: fc.constantFrom(true, false, null),
  isInGroup: fc.boolean(),
  isShared: fc.boolean(),
});
type Person = Readonly<ReturnType<typeof person.generate>['value']>;
const PEOPLE = fc.uniqueArray(person, {
  minLength: 40,
  selector: ({ userName }) => fold(userName),
});

function* queries(groupId: string): Generator<Query> {
  for (const text of [undefined, 'a', 'b', 'ab', 'á', 'A', 'ss', 'σ', 'aa b', 'x']) {
    for (const active of [undefined, true, false]) {
      for (const group of [undefined, groupId]) {
        for (const integrationId of [undefined, 'entra']) {
          yield { text, active, groupId: group, integrationId };
        }
      }
    }
  }
}

function fits(person: Person, { active, groupId, integrationId, ...query }: Query): boolean {
  return (
    hasText(person, query.text ?? '') &&
    (active === undefined || active === (person.active === true)) &&
    (groupId === undefined || person.isInGroup) &&
    (integrationId === undefined || person.isShared)
  );
}

function hasText({ userName, displayName, name, emails }: Person, text: string): boolean {
  const names = [userName, displayName, name?.givenName, name?.familyName];
  return [...names, ...emails.map(({ value }) => value)].some(
    (value) => typeof value === 'string' && fold(value).startsWith(fold(text)),
  );
}
