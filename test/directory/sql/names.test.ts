/** Names of tables and columns in statements. */
import { globSync, readFileSync } from 'node:fs';
import type { StringChunk } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { groups } from '../../../src/directory/postgres/schema.ts';
import { TABLES } from '../../../src/directory/postgres/tables.ts';
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

describe('the sources', () => {
  it('name tables in the table objects and the migrations only', () => {
    const byHand = new RegExp(`\\b(FROM|JOIN|INTO|UPDATE|USING)\\s+(${TABLES.join('|')})\\b`);
    const files = globSync('src/directory/**/*.ts').filter(
      (file) => !file.includes('/migrations/'),
    );
    const wrong = files.filter((file) => byHand.test(readFileSync(file, 'utf8')));
    expect(wrong).toEqual([]);
  });
});
