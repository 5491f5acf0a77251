import { describe, expect, it } from 'vitest';
import { searchContext } from '../../../../src/directory/sql/resource-key.ts';
import { checkWork, isLittle, weightOf } from '../../../../src/directory/sql/search/cost.ts';
import { sqliteDialect } from '../../../../src/directory/sqlite/dialect.ts';
import { MAX_SEARCH_WORK } from '../../../../src/scim/limits.ts';
import { STANDARD_RESOURCE_TYPES } from '../../../../src/scim/resource-types.ts';
import { groupQuery, userQuery } from '../../contract/fixture.ts';

const { user, group } = STANDARD_RESOURCE_TYPES;
const ofUsers = (filter: string, sortBy?: string) =>
  weightOf(
    userQuery({ filter, ...(sortBy === undefined ? {} : { sortBy }) }),
    searchContext(sqliteDialect, 'User', user),
  );
const ofGroups = (filter: string) =>
  weightOf(groupQuery({ filter }), searchContext(sqliteDialect, 'Group', group));

describe('the weight of a search', () => {
  it('grows with each comparison', () => {
    const [one, two] = [ofUsers('title co "x"'), ofUsers('title co "x" or title co "y"')];
    expect(two - one).toBe(1);
    expect(ofUsers('not (title co "x" or title co "y")')).toBe(two);
  });

  it('counts attributes more whose values are many, or in other tables', () => {
    const simple = ofUsers('title co "x"');
    expect(ofUsers('emails.value co "x"')).toBeGreaterThan(simple);
    expect(ofUsers('groups.display co "x"')).toBeGreaterThan(ofUsers('emails.value co "x"'));
    expect(ofUsers('groups[display co "x"]')).toBeGreaterThan(ofUsers('emails.value co "x"'));
    expect(ofGroups('members.value ew "x"')).toBeGreaterThan(ofGroups('displayName ew "x"'));
  });

  it('counts what an index selects as little as a simple attribute', () => {
    expect(ofUsers('groups.value eq "x"')).toBe(ofUsers('title eq "x"'));
    expect(ofGroups('members.value eq "x"')).toBe(ofGroups('displayName co "x"'));
  });

  it('includes what a list is sorted by', () => {
    expect(ofUsers('title co "x"', 'emails.value')).toBeGreaterThan(ofUsers('title co "x"'));
  });
});

describe('the work of a search', () => {
  it('is refused above the limit, with what to do instead', () => {
    expect(() => checkWork(MAX_SEARCH_WORK)).not.toThrow();
    expect(() => checkWork(MAX_SEARCH_WORK + 1)).toThrow(
      expect.objectContaining({
        status: 400,
        scimType: 'tooMany',
        detail: expect.stringContaining('the limit is 25,000,000; use fewer, or'),
      }),
    );
  });

  it('of a filter without an index is within the limit for a million users', () => {
    expect(() => checkWork(1_000_000 * ofUsers('title co "x"'))).not.toThrow();
    expect(() => checkWork(1_000_000 * ofUsers('emails.value co "x"'))).not.toThrow();
    expect(() => checkWork(1_000_000 * ofUsers('groups.display co "x"'))).not.toThrow();
    expect(isLittle(1_000 * ofUsers('title co "x"'))).toBe(true);
    expect(isLittle(1_000_000 * ofUsers('title co "x"'))).toBe(false);
  });
});
