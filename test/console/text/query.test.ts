import { describe, expect, it } from 'vitest';
import { cursorIn } from '../../../src/console/text/query.ts';
import { pageCursor } from '../../../src/directory/sql/people/cursor.ts';
import { handMadeConsole } from '../../support/console/hand-made.ts';
import { storeOf } from '../../support/console/people.ts';

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
});
