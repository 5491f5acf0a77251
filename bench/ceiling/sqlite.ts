/** The ceiling on SQLite. All writes of one turn of the event loop are one durable transaction. */
import Database from 'better-sqlite3';
import { sqlitePath } from '../../src/directory/database-url.ts';
import { type CeilingGroup, type CeilingStore, type Lookup, TABLES } from './store.ts';

interface Write {
  run(): void;
  done(error?: unknown): void;
}

export function openSqliteCeiling(url: string): CeilingStore {
  const db = new Database(sqlitePath(url));
  for (const setting of [
    'journal_mode = WAL',
    'synchronous = FULL',
    'cache_size = -65536',
    'mmap_size = 268435456',
  ])
    db.pragma(setting);
  db.exec(`${TABLES('INTEGER PRIMARY KEY')} WITHOUT ROWID`);

  let waiting: Write[] = [];
  const begin = db.prepare('BEGIN IMMEDIATE');
  const [commit, rollback] = [db.prepare('COMMIT'), db.prepare('ROLLBACK')];
  const flush = () => {
    const writes = waiting;
    waiting = [];
    try {
      begin.run();
      for (const { run } of writes) run();
      commit.run();
    } catch (error) {
      if (db.inTransaction) rollback.run();
      for (const { done } of writes) done(error);
      return;
    }
    for (const { done } of writes) done();
  };
  const write = <T>(work: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      let result: T;
      const run = () => {
        result = work();
      };
      const done = (error?: unknown) => (error === undefined ? resolve(result) : reject(error));
      if (waiting.push({ run, done }) === 1) setImmediate(flush);
    });

  const json = (where: string) =>
    db.prepare<[string], string>(`SELECT json FROM users WHERE ${where} = ?`).pluck();
  const byId = json('id');
  const by: Record<Lookup, typeof byId> = {
    user_name: json('user_name'),
    external_id: json('external_id'),
    email: json('email'),
  };
  const group = (where: string) =>
    db.prepare<[string], CeilingGroup>(`SELECT * FROM groups WHERE ${where} = ?`);
  const groups = { id: group('id'), name: group('name') };
  const page = db
    .prepare<number[], string>(
      'SELECT json FROM users WHERE position >= ? ORDER BY position LIMIT ?',
    )
    .pluck();
  const total = db.prepare<[], number>('SELECT count(*) FROM users').pluck();
  const members = db
    .prepare<[string], string>('SELECT user_id FROM members WHERE group_id = ?')
    .pluck();
  const isMember = db.prepare('SELECT 1 FROM members WHERE group_id = ? AND user_id = ?');
  const insert = db.prepare(
    'INSERT INTO users (id, user_name, external_id, email, json) VALUES (?, ?, ?, ?, ?)',
  );
  const update = db.prepare('UPDATE users SET json = ? WHERE id = ?');
  const addGroup = db.prepare('INSERT INTO groups (id, name) VALUES (?, ?)');
  const next = db.prepare('UPDATE groups SET version = version + 1 WHERE id = ?');
  const add = db.prepare('INSERT OR IGNORE INTO members VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM members WHERE group_id = ? AND user_id = ?');

  return {
    user: (id) => byId.get(id),
    find: (column, value) => by[column].get(value),
    page: (start, count) => page.all(start, count),
    total: () => total.get() ?? 0,
    insert: (users) =>
      write(() => {
        for (const { id, user_name, external_id, email, json } of users)
          insert.run(id, user_name, external_id, email, json);
      }),
    change: (id, change) =>
      write(() => {
        const changed = change(byId.get(id) ?? '');
        update.run(changed, id);
        return changed;
      }),
    group: (column, value) => groups[column].get(value),
    members: (id) => members.all(id),
    isMember: (id, user) => isMember.get(id, user) !== undefined,
    addGroup: (id, name) => write(() => void addGroup.run(id, name)),
    addMembers: (id, users) =>
      write(() => {
        let changes = 0;
        for (const user of users) changes += add.run(id, user).changes;
        if (changes > 0) next.run(id);
      }),
    removeMember: (id, user) =>
      write(() => {
        if (remove.run(id, user).changes > 0) next.run(id);
      }),
    close: () => db.close(),
  };
}
