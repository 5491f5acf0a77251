/** The guide distributes the tables that have a tenant, and no other ones. */
import { readFileSync } from 'node:fs';
import { getTableName } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { sharedTables, tenantTables } from '../support/directory/partitions.ts';

const guide = readFileSync(new URL('../../docs/guides/postgresql.md', import.meta.url), 'utf8');
const names = tenantTables.map(getTableName).toSorted();

/** The names that the text quotes. */
const quoted = (text: string, quote: string): string[] =>
  [...text.matchAll(new RegExp(`${quote}([a-z_]+)${quote}`, 'g'))].map(([, name]) => name ?? '');

describe('the guide to distribution', () => {
  it('says of each table how it is distributed', () => {
    const rowOf = (how: string) =>
      guide.split('\n').find((line) => line.startsWith('|') && line.includes(how)) ?? '';
    const tablesIn = (how: string) => quoted(rowOf(how).split('|')[1] ?? '', '`');
    expect(tablesIn('colocated').toSorted()).toEqual(names);
    const others = [...tablesIn('by `id`'), ...tablesIn('reference tables')];
    expect(others.toSorted()).toEqual(sharedTables.toSorted());
  });

  it('has commands for each of them', () => {
    const [, commands = ''] = /```sql\n([^`]*create_distributed_table[^`]*)```/.exec(guide) ?? [];
    const words = new Set(['tenant', 'none', 'id']);
    const found = new Set(quoted(commands, "'").filter((name) => !words.has(name)));
    expect([...found].toSorted()).toEqual([...names, ...sharedTables].toSorted());
  });
});
