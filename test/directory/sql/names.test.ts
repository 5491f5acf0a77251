/** Names of tables and columns, as statements write them. */
import type { StringChunk } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { groups } from '../../../src/directory/postgres/schema.ts';
import { columns, named, selected } from '../../../src/directory/sql/names.ts';

const text = ({ value }: StringChunk) => value.join('');

describe('the names of a table', () => {
  it('are its own without an alias', () => {
    const { table, alias, displayNameKey } = named(groups);
    expect([table, alias, displayNameKey].map(text)).toEqual([
      'groups',
      'groups',
      'display_name_key',
    ]);
  });

  it('carry the alias', () => {
    const { table, alias, displayNameKey } = named(groups, 'g');
    expect([table, alias, displayNameKey].map(text)).toEqual([
      'groups g',
      'g',
      'g.display_name_key',
    ]);
  });

  it('are made once', () => {
    expect(named(groups, 'g').id).toBe(named(groups, 'g').id);
  });
});

describe('a list of columns', () => {
  it('names them in order', () => {
    expect(text(columns(named(groups), 'lastModified', 'id'))).toBe('last_modified, id');
  });

  it('is selected under the keys of the row type', () => {
    const list = selected(named(groups, 'g'), 'id', 'lastModified');
    expect(text(list)).toBe('g.id, g.last_modified AS "lastModified"');
  });
});
