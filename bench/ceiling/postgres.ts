/** The ceiling on PostgreSQL. Every statement is prepared, and a write is one of them. */
import pg from 'pg';
import { type CeilingStore, type Lookup, TABLES } from './store.ts';

const CONNECTIONS = 32;

export async function openPostgresCeiling(url: string): Promise<CeilingStore> {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  await pool.query(TABLES('BIGSERIAL PRIMARY KEY'));

  let statements = 0;
  /** Rows are arrays, which is the fastest form. */
  const prepared = <Row extends readonly unknown[]>(text: string) => {
    const name = `s${++statements}`;
    return async (...values: readonly unknown[]): Promise<readonly Row[]> => {
      const result = await pool.query({ name, text, values: [...values], rowMode: 'array' });
      return result.rows as unknown as readonly Row[];
    };
  };
  const json = (where: string) => prepared<[string]>(`SELECT json FROM users WHERE ${where} = $1`);
  const byId = json('id');
  const by: Record<Lookup, typeof byId> = {
    user_name: json('user_name'),
    external_id: json('external_id'),
    email: json('email'),
  };
  const group = (where: string) =>
    prepared<[string, string, number]>(`SELECT id, name, version FROM groups WHERE ${where} = $1`);
  const groups = { id: group('id'), name: group('name') };
  const page = prepared<[string]>(
    'SELECT json FROM users WHERE position >= $1 ORDER BY position LIMIT $2',
  );
  const total = prepared<[string]>('SELECT count(*) FROM users');
  const members = prepared<[string]>('SELECT user_id FROM members WHERE group_id = $1');
  const isMember = prepared('SELECT 1 FROM members WHERE group_id = $1 AND user_id = $2');
  const insert = prepared(
    'INSERT INTO users (id, user_name, external_id, email, json) ' +
      'SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])',
  );
  const insertOne = prepared(
    'INSERT INTO users (id, user_name, external_id, email, json) VALUES ($1, $2, $3, $4, $5)',
  );
  const update = prepared('UPDATE users SET json = $1 WHERE id = $2 AND json = $3 RETURNING 1');
  const addGroup = prepared('INSERT INTO groups (id, name) VALUES ($1, $2)');
  const counted = (change: string) =>
    prepared(
      `WITH changed AS (${change} RETURNING 1) UPDATE groups SET version = version + 1 ` +
        'WHERE id = $1 AND EXISTS (SELECT 1 FROM changed)',
    );
  const add = counted(
    'INSERT INTO members SELECT $1, * FROM unnest($2::text[]) ON CONFLICT DO NOTHING',
  );
  const remove = counted('DELETE FROM members WHERE group_id = $1 AND user_id = $2');

  return {
    user: async (id) => (await byId(id))[0]?.[0],
    find: async (column, value) => (await by[column](value))[0]?.[0],
    page: async (start, count) => (await page(start, count)).map(([json]) => json),
    total: async () => Number((await total())[0]?.[0]),
    insert: async (users) => {
      const rows = users.map((user) => [
        user.id,
        user.user_name,
        user.external_id,
        user.email,
        user.json,
      ]);
      const [only] = rows;
      if (only !== undefined && rows.length === 1) await insertOne(...only);
      else await insert(...[0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column])));
    },
    change: async (id, change) => {
      for (;;) {
        const current = (await byId(id))[0]?.[0] ?? '';
        const changed = change(current);
        if ((await update(changed, id, current)).length > 0) return changed;
      }
    },
    group: async (column, value) => {
      const [[id, name, version] = []] = await groups[column](value);
      return id === undefined || name === undefined || version === undefined
        ? undefined
        : { id, name, version };
    },
    members: async (id) => (await members(id)).map(([user]) => user),
    isMember: async (id, user) => (await isMember(id, user)).length > 0,
    addGroup: async (id, name) => void (await addGroup(id, name)),
    addMembers: async (id, users) => void (await add(id, users)),
    removeMember: async (id, user) => void (await remove(id, user)),
    close: () => pool.end(),
  };
}
