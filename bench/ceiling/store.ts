/** What the ceiling keeps: the JSON that it sends, the columns to find it by, and members. */
import { isPostgres } from '../../src/directory/database-url.ts';
import { openPostgresCeiling } from './postgres.ts';
import { openSqliteCeiling } from './sqlite.ts';

export type Lookup = 'user_name' | 'external_id' | 'email';

export interface CeilingUser extends Readonly<Record<Lookup, string>> {
  readonly id: string;
  readonly json: string;
}

export interface CeilingGroup {
  readonly id: string;
  readonly name: string;
  readonly version: number;
}

type Eventually<T> = T | Promise<T>;

export interface CeilingStore {
  user(id: string): Eventually<string | undefined>;
  find(by: Lookup, value: string): Eventually<string | undefined>;
  /** `start` counts from 1. */
  page(start: number, count: number): Eventually<readonly string[]>;
  total(): Eventually<number>;
  insert(users: readonly CeilingUser[]): Promise<void>;
  /** Returns the changed JSON. No other change happens in between. */
  change(id: string, change: (json: string) => string): Promise<string>;
  group(by: 'id' | 'name', value: string): Eventually<CeilingGroup | undefined>;
  members(group: string): Eventually<readonly string[]>;
  isMember(group: string, user: string): Eventually<boolean>;
  addGroup(id: string, name: string): Promise<void>;
  addMembers(group: string, users: readonly string[]): Promise<void>;
  removeMember(group: string, user: string): Promise<void>;
  close(): Eventually<unknown>;
}

export const TABLES = (serial: string) => `
  CREATE TABLE IF NOT EXISTS users (
    position ${serial}, id TEXT NOT NULL UNIQUE, user_name TEXT NOT NULL UNIQUE,
    external_id TEXT NOT NULL, email TEXT NOT NULL, json TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS users_external_id ON users (external_id);
  CREATE INDEX IF NOT EXISTS users_email ON users (email);
  CREATE TABLE IF NOT EXISTS groups (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL DEFAULT 1
  );
  CREATE TABLE IF NOT EXISTS members (
    group_id TEXT, user_id TEXT, PRIMARY KEY (group_id, user_id)
  )`;

export const openCeiling = async (url: string): Promise<CeilingStore> =>
  isPostgres(url) ? openPostgresCeiling(url) : openSqliteCeiling(url);
