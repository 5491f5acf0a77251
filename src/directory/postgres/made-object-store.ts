/** Objects that the operator created, on PostgreSQL. */
import { sql } from 'drizzle-orm';
import { columns, named, type Row, selected } from '../sql/names.ts';
import type { MadeObjectStore, Maker } from '../store/made-objects.ts';
import type { Queries } from './connection/connections.ts';
import { madeObjects } from './schema.ts';

const o = named(madeObjects);
const KEY = ['clusterUid', 'makerKind', 'namespace', 'makerName', 'kind', 'name'] as const;
const INSERTED = columns(o, ...KEY, 'uid', 'operator');
const CONFLICT = columns(o, ...KEY);
const GIVEN = named(madeObjects, 'excluded');

type ObjectRow = Pick<Row<'madeObjects'>, 'kind' | 'name' | 'uid' | 'operator'>;
type MakerRow = Maker & Pick<Row<'madeObjects'>, 'operator'>;

const ofMaker = ({ clusterUid, kind, namespace, name }: Maker) =>
  sql`
    ${o.clusterUid} = ${clusterUid}
      AND ${o.makerKind} = ${kind}
      AND ${o.namespace} = ${namespace}
      AND ${o.makerName} = ${name}
  `;

export function createMadeObjectStore(queries: Queries): MadeObjectStore {
  return {
    list: async (maker) => {
      const rows = await queries.all<ObjectRow>(
        sql`
          SELECT ${selected(o, 'kind', 'name', 'uid', 'operator')}
          FROM ${o.table}
          WHERE ${ofMaker(maker)}
          ORDER BY ${o.kind}, ${o.name}
        `,
      );
      return rows.map(({ uid, operator, ...object }) => ({
        ...object,
        uid: uid ?? undefined,
        operator: operator ?? undefined,
      }));
    },
    makers: async (clusterUid, kind) => {
      const rows = await queries.all<MakerRow>(
        sql`
          SELECT DISTINCT ${selected(o, 'clusterUid', 'namespace', 'operator')},
            ${o.makerKind} AS kind, ${o.makerName} AS name
          FROM ${o.table}
          WHERE ${o.clusterUid} = ${clusterUid} AND ${o.makerKind} = ${kind}
          ORDER BY ${o.namespace}, ${o.makerName}
        `,
      );
      return rows.map(({ operator, ...maker }) => ({ ...maker, operator: operator ?? undefined }));
    },
    put: async (maker, { kind, name, uid = null, operator = null }) => {
      await queries.run(
        sql`
          INSERT INTO ${o.table} (${INSERTED})
          VALUES (
            ${maker.clusterUid}, ${maker.kind}, ${maker.namespace}, ${maker.name}, ${kind}, ${name},
            ${uid}, ${operator}
          )
          ON CONFLICT (${CONFLICT})
          DO UPDATE SET ${o.uid} = ${GIVEN.uid}, ${o.operator} = ${GIVEN.operator}
        `,
      );
    },
    forget: async (maker, { kind, name }) => {
      await queries.run(
        sql`
          DELETE FROM ${o.table}
          WHERE ${ofMaker(maker)} AND ${o.kind} = ${kind} AND ${o.name} = ${name}
        `,
      );
    },
  };
}
