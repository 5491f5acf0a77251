/** Sessions as SQL, for both databases. */
import { type SQL, sql } from 'drizzle-orm';
import {
  type FoundSession,
  type PersonSession,
  type SessionKey,
  type SessionOwner,
  type SessionRecord,
  type SessionStore,
  tenantOfSession,
} from '../../store/sessions.ts';
import { columns, named, type Row, selected, type Tables } from '../names.ts';
import type { Text } from '../template.ts';
import type { PeopleDatabase } from './database.ts';

const COLUMNS = [
  'tenant',
  'hash',
  'kind',
  'accessId',
  'provider',
  'issuer',
  'subject',
  'sid',
  'holder',
  'sealedIdToken',
  'sealedToken',
  'createdAt',
  'lastUsedAt',
  'expiresAt',
] as const;
type SessionRow = Row<'sessions'>;
type FoundRow = SessionRow & {
  readonly userName: string | null;
  readonly displayName: string | null;
};

export function createSessionStore({ dialect, held, all, run }: PeopleDatabase): SessionStore {
  const { tables } = dialect;
  const t = named(tables.sessions);
  const s = named(tables.sessions, 's');
  const a = named(tables.access, 'a');
  const is = ({ tenant, hash }: SessionKey) => sql`${t.tenant} = ${tenant} AND ${t.hash} = ${hash}`;
  return {
    create: async (session) => {
      const values = valuesOf(session);
      const from =
        session.kind === 'kubernetes'
          ? sql``
          : sql`
            FROM ${a.table}
            WHERE ${a.tenant} = ${session.tenant}
              AND ${a.id} = ${session.accessId}
              AND ${a.active}
            ${held}
          `;
      const inserted = sql`INSERT INTO ${t.table} (${columns(t, ...COLUMNS)}) SELECT ${values}`;
      return (await run(sql`${inserted} ${from}`)) > 0;
    },
    find: async ({ tenant, hash }) => {
      const [row] = await all<FoundRow>(
        sql`
          SELECT ${selected(s, ...COLUMNS)}, ${a.attributes} ->> 'userName' AS "userName",
            ${a.attributes} ->> 'displayName' AS "displayName"
          FROM ${s.table}
          LEFT JOIN ${a.table} ON ${a.tenant} = ${s.tenant} AND ${a.id} = ${s.accessId}
          WHERE ${s.tenant} = ${tenant}
            AND ${s.hash} = ${hash}
            AND (${s.kind} = 'kubernetes' OR ${a.active})
        `,
      );
      return row && foundOf(row);
    },
    touch: async (key, at) => {
      await run(
        sql`
          UPDATE ${t.table}
          SET ${t.lastUsedAt} = ${at}
          WHERE ${is(key)} AND ${t.lastUsedAt} < ${at}
        `,
      );
    },
    end: async (key) => {
      await run(sql`DELETE FROM ${t.table} WHERE ${is(key)}`);
    },
    endAll: (of) => run(sql`DELETE FROM ${t.table} WHERE ${isOf(of, tables)}`),
    list: async (tenant, accessId) => {
      const rows = await all<SessionRow>(
        sql`
          SELECT ${selected(s, ...COLUMNS)}
          FROM ${s.table}
          WHERE ${s.tenant} = ${tenant} AND ${s.accessId} = ${accessId}
          ORDER BY ${s.createdAt} DESC, ${s.hash}
        `,
      );
      return rows.map(personSessionOf);
    },
    prune: (at, idleMs) =>
      run(
        sql`
          DELETE FROM ${t.table}
          WHERE ${t.expiresAt} <= ${at} OR ${t.lastUsedAt} <= ${at - idleMs}
        `,
      ),
  };
}

/** Ends the sessions of a user inside the write that deactivates, renames or deletes the user. */
export function endedSessions({ sessions }: Tables, tenant: Text, accessId: Text): SQL {
  const t = named(sessions);
  return sql`DELETE FROM ${t.table} WHERE ${t.tenant} = ${tenant} AND ${t.accessId} = ${accessId}`;
}

function isOf(owner: SessionOwner, { sessions }: Tables): SQL {
  const t = named(sessions);
  if ('accessId' in owner) {
    return sql`${t.tenant} = ${owner.tenant} AND ${t.accessId} = ${owner.accessId}`;
  }
  const { issuer, subject, sid } = owner;
  const ofAccount = sql`${t.issuer} = ${issuer} AND ${t.subject} = ${subject}`;
  if (sid === undefined) return ofAccount;
  const ofSid = sql`${t.issuer} = ${issuer} AND ${t.sid} = ${sid}`;
  if (subject === undefined) return ofSid;
  // With IS NULL, SQLite would read every session of the issuer that has no sid.
  return sql`(${ofSid}) OR (${ofAccount} AND COALESCE(${t.sid}, '') = '')`;
}

/** The types are named because PostgreSQL takes a parameter of a SELECT for text. */
function valuesOf(session: SessionRecord): SQL {
  const { hash, kind, createdAt, lastUsedAt, expiresAt } = session;
  const person = kind === 'person' ? session : undefined;
  const texts = [
    tenantOfSession(session),
    hash,
    kind,
    person?.accessId,
    person?.provider,
    person?.issuer,
    person?.subject,
    person?.sid,
    kind === 'kubernetes' ? JSON.stringify(session.holder) : undefined,
    person?.sealedIdToken,
    kind === 'kubernetes' ? session.sealedToken : undefined,
  ].map((value) => sql`CAST(${value ?? null} AS TEXT)`);
  const times = [createdAt, lastUsedAt, expiresAt].map((at) => sql`CAST(${at} AS BIGINT)`);
  return sql.join([...texts, ...times], sql`, `);
}

function foundOf({ userName, displayName, ...row }: FoundRow): FoundSession {
  if (row.kind === 'kubernetes') {
    const { hash, holder, sealedToken, createdAt, lastUsedAt, expiresAt } = row;
    return {
      kind: 'kubernetes',
      hash,
      holder: JSON.parse(holder ?? ''),
      sealedToken: sealedToken ?? '',
      createdAt,
      lastUsedAt,
      expiresAt,
    };
  }
  const person = { userName: userName ?? '', displayName: displayName ?? undefined };
  return { ...personSessionOf(row), person };
}

function personSessionOf({ holder: _, sealedToken: __, ...row }: SessionRow): PersonSession {
  return {
    ...row,
    kind: 'person',
    accessId: row.accessId ?? '',
    provider: row.provider ?? '',
    issuer: row.issuer ?? '',
    subject: row.subject ?? '',
    sid: row.sid ?? undefined,
    sealedIdToken: row.sealedIdToken ?? undefined,
  };
}
