/** What the operator made, on PostgreSQL. */
import { sql } from 'drizzle-orm';
import type { MadeObject, MadeObjectStore, Maker } from '../store/made-objects.ts';
import type { Connections } from './connection/connections.ts';

type Row = Pick<MadeObject, 'kind' | 'name'> & {
  readonly uid: string | null;
  readonly operator: string | null;
};
type MakerRow = Maker & { readonly operator: string | null };

const ofMaker = ({ clusterUid, kind, namespace, name }: Maker) =>
  sql`
    cluster_uid = ${clusterUid}
      AND maker_kind = ${kind}
      AND namespace = ${namespace}
      AND maker_name = ${name}
  `;

export function createMadeObjectStore(connections: Connections): MadeObjectStore {
  return {
    list: async (maker) => {
      const rows = await connections.all<Row>(
        sql`
          SELECT kind, name, uid, operator
          FROM made_objects
          WHERE ${ofMaker(maker)}
          ORDER BY kind, name
        `,
      );
      return rows.map(({ uid, operator, ...object }) => ({
        ...object,
        uid: uid ?? undefined,
        operator: operator ?? undefined,
      }));
    },
    makers: async (clusterUid, kind) => {
      const rows = await connections.all<MakerRow>(
        sql`
          SELECT DISTINCT cluster_uid AS "clusterUid", maker_kind AS kind, namespace,
            maker_name AS name, operator
          FROM made_objects
          WHERE cluster_uid = ${clusterUid} AND maker_kind = ${kind}
          ORDER BY namespace, name
        `,
      );
      return rows.map(({ operator, ...maker }) => ({ ...maker, operator: operator ?? undefined }));
    },
    put: async (maker, { kind, name, uid = null, operator = null }) => {
      await connections.run(
        sql`
          INSERT INTO made_objects (
            cluster_uid, maker_kind, namespace, maker_name, kind, name, uid, operator
          )
          VALUES (
            ${maker.clusterUid}, ${maker.kind}, ${maker.namespace}, ${maker.name}, ${kind}, ${name},
            ${uid}, ${operator}
          )
          ON CONFLICT (cluster_uid, maker_kind, namespace, maker_name, kind, name)
          DO UPDATE SET uid = excluded.uid, operator = excluded.operator
        `,
      );
    },
    forget: async (maker, { kind, name }) => {
      await connections.run(
        sql`DELETE FROM made_objects WHERE ${ofMaker(maker)} AND kind = ${kind} AND name = ${name}`,
      );
    },
  };
}
