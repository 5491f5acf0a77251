import { describe, expect, it } from 'vitest';
import type { PageRow } from '../../../../src/directory/sql/lists.ts';
import { searchContext } from '../../../../src/directory/sql/resource-key.ts';
import { completeRows, largeRows } from '../../../../src/directory/sql/search/large-rows.ts';
import { compose } from '../../../../src/directory/sqlite/connections.ts';
import { sqliteDialect } from '../../../../src/directory/sqlite/dialect.ts';
import { STANDARD_RESOURCE_TYPES } from '../../../../src/scim/resource-types.ts';

const large = largeRows(
  searchContext(sqliteDialect, 'User', STANDARD_RESOURCE_TYPES.user),
  compose,
);
const SCOPE = { tenant: 'acme', integrationId: 'entra' };

const rowOf = (id: string, attributes: string | null = null): PageRow => ({
  id,
  attributes,
  version: 1,
  created: 0,
  lastModified: 0,
  externalId: null,
  memberships: 0,
});

/** Completes rows whose texts have 10 bytes each, and lists the ids of each statement. */
function complete(rows: readonly PageRow[], room: number, versions: Record<string, number> = {}) {
  const asked: [of: 'sizes' | 'whole', ids: readonly string[]][] = [];
  const steps = completeRows(large, SCOPE, rows, room);
  for (let next = steps.next([]); ; ) {
    if (next.done) return { found: next.value?.map(({ id }) => id), asked };
    const { template, input } = next.value;
    const { ids } = input as { ids: readonly string[] };
    asked.push([template === large.sizes ? 'sizes' : 'whole', ids]);
    const answer = (id: string) => ({
      id,
      bytes: 10,
      attributes: '"12345678"',
      version: versions[id] ?? 1,
    });
    next = steps.next(ids.map(answer));
  }
}

const named = (count: number) => Array.from({ length: count }, (_, n) => rowOf(`u${n}`));

describe('rows of a page', () => {
  it('are complete without another statement unless one is large', () => {
    expect(complete([rowOf('a', '{}'), rowOf('b', '{}')], 1)).toEqual({
      found: ['a', 'b'],
      asked: [],
    });
  });

  it('are read until there is no more room, and no others', () => {
    const { found, asked } = complete([rowOf('a', '{}'), ...named(5), rowOf('b', '{}')], 25);
    expect(found).toEqual(['a', 'u0', 'u1', 'u2']);
    expect(asked).toEqual([
      ['sizes', ['u0', 'u1', 'u2', 'u3', 'u4']],
      ['whole', ['u0', 'u1', 'u2']],
    ]);
  });

  it('are measured a few at a time', () => {
    const { found, asked } = complete(named(70), 10_000);
    expect(found).toHaveLength(70);
    expect(asked.map(([of, ids]) => [of, ids.length])).toEqual([
      ['sizes', 32],
      ['whole', 32],
      ['sizes', 32],
      ['whole', 32],
      ['sizes', 6],
      ['whole', 6],
    ]);
  });

  it('include the first one, however large it is', () => {
    expect(complete(named(2), 1).found).toEqual(['u0']);
    expect(complete(named(1), 1)).toEqual({ found: ['u0'], asked: [['whole', ['u0']]] });
  });

  it('are not completed from another version', () => {
    expect(complete(named(2), 100, { u1: 2 }).found).toBeUndefined();
  });
});
