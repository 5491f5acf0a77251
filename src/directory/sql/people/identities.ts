/** Bindings of users to accounts of identity providers as SQL, for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import { notFound } from '../../../scim/error.ts';
import type { IdentityStore } from '../../store/identities.ts';
import { columns, named, type Row, selected, type Tables } from '../names.ts';
import type { PeopleDatabase } from './database.ts';

type IdentityRow = Pick<Row<'identities'>, 'issuer' | 'subject' | 'boundAt'>;

export function createIdentityStore({ dialect, held, all, run }: PeopleDatabase): IdentityStore {
  const { tables } = dialect;
  const t = named(tables.identities);
  const a = named(tables.access, 'a');
  const inserted = columns(t, 'tenant', 'accessId', 'issuer', 'subject', 'boundAt');
  const get = async (tenant: string, accessId: string) =>
    (await all(identityOf(tables, tenant, accessId)))[0];
  return {
    bind: async (tenant, accessId, { issuer, subject }, at) => {
      const user = sql`${a.tenant} = ${tenant} AND ${a.id} = ${accessId}`;
      await run(
        sql`
          INSERT INTO ${t.table} (${inserted})
          SELECT ${a.tenant}, ${a.id}, CAST(${issuer} AS TEXT), CAST(${subject} AS TEXT),
            CAST(${at} AS BIGINT)
          FROM ${a.table}
          WHERE ${user}
          ${held}
          ON CONFLICT DO NOTHING
        `,
      );
      const bound = await get(tenant, accessId);
      if (bound !== undefined) {
        const isSame = bound.issuer === issuer && bound.subject === subject;
        return isSame ? 'bound' : 'otherSubject';
      }
      const known = await all(sql`SELECT 1 FROM ${a.table} WHERE ${user}`);
      if (known.length === 0) throw notFound('User', accessId);
      return 'otherAccess';
    },
    unbind: async (tenant, accessId) =>
      (await run(forgottenIdentity(tables, tenant, accessId))) > 0,
  };
}

export function identityOf(tables: Tables, tenant: string, accessId: string): SQL<IdentityRow> {
  const i = named(tables.identities, 'i');
  return sql`
    SELECT ${selected(i, 'issuer', 'subject', 'boundAt')}
    FROM ${i.table}
    WHERE ${i.tenant} = ${tenant} AND ${i.accessId} = ${accessId}
  `;
}

/** Removes the binding, also inside the write that deletes the user. */
export function forgottenIdentity(tables: Tables, tenant: string, accessId: string): SQL {
  const t = named(tables.identities);
  return sql`DELETE FROM ${t.table} WHERE ${t.tenant} = ${tenant} AND ${t.accessId} = ${accessId}`;
}
