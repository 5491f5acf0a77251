/** Checks the consistency of a directory's tables on PostgreSQL without using the store. */
import pg from 'pg';
import { lookupValues } from '../../../src/directory/sql/lookup-values.ts';
import { searchDocument } from '../../../src/directory/sql/search-document.ts';
import type { Attributes } from '../../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';
import { eventually } from '../eventually.ts';
import type { PostgresDatabase } from './postgres.ts';

const RESOURCES = `resources AS (
  SELECT tenant, id, 'User' AS type, attributes, document FROM access
  UNION ALL SELECT tenant, id, 'Group', attributes, document FROM groups)`;

/** Each selects rows that must not exist. */
const TROUBLES = [
  `SELECT 'a member that is not there' AS trouble, m.* FROM group_members m LEFT JOIN resources r
   ON r.tenant = m.tenant AND r.id = m.member_id AND r.type = m.member_type WHERE r.id IS NULL`,
  `SELECT 'members of no group' AS trouble, m.* FROM group_members m LEFT JOIN groups g
   ON g.tenant = m.tenant AND g.id = m.group_id WHERE g.id IS NULL`,
  `SELECT 'an externalId of nothing' AS trouble, x.* FROM external_ids x LEFT JOIN resources r
   ON r.tenant = x.tenant AND r.id = x.resource_id AND r.type = x.resource_type WHERE r.id IS NULL`,
  `SELECT 'provisioned by nobody' AS trouble, r.* FROM resources r LEFT JOIN external_ids x
   ON r.tenant = x.tenant AND r.id = x.resource_id WHERE x.resource_id IS NULL`,
  `SELECT 'a value of nobody' AS trouble, v.* FROM access_values v LEFT JOIN access a
   ON a.tenant = v.tenant AND a.id = v.access_id WHERE a.id IS NULL`,
  `SELECT 'nobody' AS trouble, a.* FROM access a LEFT JOIN users u
   ON u.id = a.user_id AND u.user_name_key = a.user_name_key WHERE u.id IS NULL`,
  `SELECT 'a wrong counter' AS trouble, n.*, counted.value FROM (
   SELECT tenant, lower(type) || 's' AS name, count(*) AS count FROM resources GROUP BY tenant, type) n
   FULL JOIN (SELECT tenant, name, sum(value) AS value FROM counters
   WHERE name IN ('users', 'groups') GROUP BY tenant, name) counted
   USING (tenant, name) WHERE COALESCE(n.count, 0) <> COALESCE(counted.value, 0)`,
  `SELECT 'a wrong counter of inactive users' AS trouble, n.*, counted.value FROM (
   SELECT tenant, count(*) AS count FROM access
   WHERE NOT active GROUP BY tenant) n
   FULL JOIN (SELECT tenant, sum(value) AS value FROM counters
   WHERE name = 'inactive_users' GROUP BY tenant) counted
   USING (tenant) WHERE COALESCE(n.count, 0) <> COALESCE(counted.value, 0)`,
  `SELECT 'active in another way' AS trouble, a.* FROM access a
   WHERE active <> COALESCE((attributes ->> 'active') = 'true', FALSE)`,
  `SELECT 'an identity of nobody' AS trouble, i.* FROM identities i LEFT JOIN access a
   ON a.tenant = i.tenant AND a.id = i.access_id WHERE a.id IS NULL`,
  `SELECT 'a session of nobody' AS trouble, s.* FROM sessions s LEFT JOIN access a
   ON a.tenant = s.tenant AND a.id = s.access_id
   WHERE s.kind = 'person' AND a.active IS DISTINCT FROM TRUE`,
  `SELECT 'a circle' AS trouble, up.* FROM (WITH RECURSIVE up(tenant, first, id) AS (
   SELECT tenant, group_id, member_id FROM group_members WHERE member_type = 'Group'
   UNION SELECT m.tenant, up.first, m.member_id FROM up JOIN group_members m
   ON m.tenant = up.tenant AND m.group_id = up.id WHERE m.member_type = 'Group') SELECT * FROM up) up
   WHERE up.first = up.id`,
];

/**
 * Returns rows without an owner, wrong counters, cycles of groups, and search data that differs
 * from the stored resource.
 */
export async function troubles(database: PostgresDatabase): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const each of TROUBLES) found.push(...(await database.query(`WITH ${RESOURCES} ${each}`)));
  const rows = await database.query<{
    id: string;
    type: string;
    attributes: Attributes;
    document: object;
    values: string[];
  }>(
    `WITH ${RESOURCES} SELECT r.id, r.type, r.attributes, r.document, ARRAY(
     SELECT concat_ws(' ', v.value, v.types)
     FROM access_values v WHERE v.tenant = r.tenant AND v.access_id = r.id) AS values
     FROM resources r`,
  );
  for (const { id, type, attributes, document, values } of rows) {
    const resourceType = STANDARD_RESOURCE_TYPES[type === 'User' ? 'user' : 'group'];
    const expected = searchDocument(attributes, resourceType);
    const lookups = type === 'User' ? lookupValues(attributes) : [];
    const wanted = lookups.map(({ value, types }) => `${value} ${types}`).toSorted();
    if (sorted(document) !== sorted(expected) || sorted(values.toSorted()) !== sorted(wanted)) {
      found.push({ trouble: 'search data that differs', id, attributes, document, values });
    }
  }
  return found;
}

/** JSON with sorted keys, because JSONB has its own order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** The number of deadlocks that the server has resolved in this database. */
export async function deadlocks(database: PostgresDatabase): Promise<number> {
  const [row] = await database.query<{ deadlocks: string }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(row?.deadlocks);
}

/** Runs the statements and commits them only once the work waits for their locks or is done. */
export async function holding<T>(
  database: PostgresDatabase,
  statements: string,
  work: () => Promise<T>,
): Promise<{ answer: T; waited: boolean }> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query(`BEGIN; ${statements}`);
    const result = work();
    let waited = false;
    const waits = async () => {
      const { rows } = await client.query(
        'SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))',
      );
      if (rows.length === 0) throw new Error('no statement is waiting');
      waited = true;
    };
    await Promise.race([eventually(waits), result]);
    await client.query('COMMIT');
    return { answer: await result, waited };
  } finally {
    await client.end();
  }
}
