/** The values of statements arrive at PostgreSQL as they are. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Connections,
  openConnections,
} from '../../../../src/directory/postgres/connection/connections.ts';
import { type PostgresDirectory, usePostgres } from '../../../support/directory/postgres.ts';

let directory: PostgresDirectory;
let connections: Connections;
beforeAll(async () => {
  directory = await usePostgres();
  connections = openConnections(() => ({ connectionString: directory.database.url }), 2);
});
afterAll(async () => {
  await connections.close();
  await directory.close();
});

/** What PostgreSQL reads in a list that is cast to the type, as JSON. */
async function read(list: readonly unknown[], type: string): Promise<unknown> {
  const [row] = await connections.all<{ list: string }>(
    sql`SELECT array_to_json(${sql.param(list)}::${sql.raw(type)}[])::text AS list`,
  );
  return JSON.parse(row?.list ?? 'null');
}

const JSON_TEXT = JSON.stringify({ name: 'O\u2019Hara "Scarlett"', path: '\\\\server\n' });

describe('a list', () => {
  it.each([
    ['text', [JSON_TEXT, '', 'NULL', '{a,b}', ' a ', 'Zoë', '日本', '👩🏽‍🚀', null]],
    ['text', []],
    ['text', [null]],
    ['text', Array.from({ length: 300 }, (_, n) => `${n}`.repeat(n))],
    ['varchar', [JSON_TEXT, 'NULL', null]],
    ['bigint', [1, -2, Number.MAX_SAFE_INTEGER, null]],
    ['integer', []],
    ['boolean', [true, false, null]],
    ['numeric', [0.1, 1e21]],
  ])('of %s has the elements that were given', async (type, list) => {
    expect(await read(list, type)).toEqual(list);
  });

  it('of texts has numbers as texts', async () => {
    expect(await read([1, true], 'text')).toEqual(['1', 'true']);
  });

  it.each(['varchar', 'text'])('of %s can have lists as elements', async (type) => {
    const list = [
      ['a "b"', '\\'],
      ['c', 'd'],
    ];
    expect(await read(list, type)).toEqual(list);
  });

  it('with a character that PostgreSQL can\u2019t store is refused, as a text with it is', async () => {
    const refused = { code: '22021' };
    await expect(read(['a\0'], 'text')).rejects.toMatchObject(refused);
    await expect(read(['a\0'], 'varchar')).rejects.toMatchObject(refused);
  });

  it('without a character that UTF-8 can\u2019t have gets another one instead', async () => {
    expect(await read(['\ud800'], 'text')).toEqual(['\ufffd']);
  });
});
