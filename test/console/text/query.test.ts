import { describe, expect, it, onTestFinished } from 'vitest';
import { cursorIn } from '../../../src/console/text/query.ts';
import { pageCursor } from '../../../src/directory/sql/people/cursor.ts';
import { ACME, addGroup } from '../../directory/contract/fixture.ts';
import { handMadeConsole } from '../../support/console/hand-made.ts';
import { storeOf } from '../../support/console/people.ts';
import { useSqlite } from '../../support/directory/sqlite.ts';

const queryOf = (after: string) => new URLSearchParams({ after });

describe('the cursor of a page', () => {
  it.each([
    ['a', 'x'.repeat(1_000)],
    ['a', '\u{1f600}'.repeat(1_000)],
    ['', ''],
  ])('has room for a hostile name', (id, name) => {
    const cursor = pageCursor(name, id);
    expect(cursorIn(queryOf(cursor))).toBe(cursor);
  });

  it('is missing on the first page', () => {
    expect(cursorIn(new URLSearchParams())).toBeUndefined();
    expect(cursorIn(queryOf(''))).toBeUndefined();
  });

  it.each(['users', 'groups', 'activity'])(
    'that is too long is refused on the page of %s, instead of showing the first page',
    async (page) => {
      const given = storeOf();
      const { get } = handMadeConsole({ context: given });
      const response = await get(`/console/acme/${page}?after=${'x'.repeat(8_201)}`);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('Open the first page of the list');
      expect(given.calls).toEqual([]);
    },
  );

  it.each(['a b', 'ä', '\0', '<script>'])('that no page gave is refused: %j', (cursor) => {
    expect(() => cursorIn(queryOf(cursor))).toThrow(/not complete or not correct/);
  });

  it('that no page gave is refused by every list', async () => {
    const { store, close } = await useSqlite();
    onTestFinished(close);
    const { id } = await addGroup(store, ACME, 'staff');
    const { get } = handMadeConsole({ context: { store } });
    for (const page of ['users', 'groups', `groups/${id}`, 'activity']) {
      const response = await get(`/console/acme/${page}?after=abc`);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('Open the first page of the list');
    }
  });
});
