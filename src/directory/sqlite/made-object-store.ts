/** Objects that the operator created, on SQLite. */
import { and, asc, eq } from 'drizzle-orm';
import type { MadeObjectStore, Maker } from '../store/made-objects.ts';
import type { Connections } from './connections.ts';
import { madeObjects } from './schema.ts';

const ofMaker = ({ clusterUid, kind, namespace, name }: Maker) =>
  and(
    eq(madeObjects.clusterUid, clusterUid),
    eq(madeObjects.makerKind, kind),
    eq(madeObjects.namespace, namespace),
    eq(madeObjects.makerName, name),
  );

export function createMadeObjectStore({
  writer,
  write,
  read,
  reading,
}: Connections): MadeObjectStore {
  return {
    list: (maker) =>
      reading(() =>
        read.orm
          .select({
            kind: madeObjects.kind,
            name: madeObjects.name,
            uid: madeObjects.uid,
            operator: madeObjects.operator,
          })
          .from(madeObjects)
          .where(ofMaker(maker))
          .orderBy(asc(madeObjects.kind), asc(madeObjects.name))
          .all()
          .map(({ uid, operator, ...object }) => ({
            ...object,
            uid: uid ?? undefined,
            operator: operator ?? undefined,
          })),
      ),
    makers: (clusterUid, kind) =>
      reading(() =>
        read.orm
          .selectDistinct({
            clusterUid: madeObjects.clusterUid,
            kind: madeObjects.makerKind,
            namespace: madeObjects.namespace,
            name: madeObjects.makerName,
            operator: madeObjects.operator,
          })
          .from(madeObjects)
          .where(and(eq(madeObjects.clusterUid, clusterUid), eq(madeObjects.makerKind, kind)))
          .orderBy(asc(madeObjects.namespace), asc(madeObjects.makerName))
          .all()
          .map(({ operator, ...maker }) => ({ ...maker, operator: operator ?? undefined })),
      ),
    put: (
      { clusterUid, kind: makerKind, namespace, name: makerName },
      { uid = null, operator = null, ...object },
    ) =>
      writer.write(() => {
        write.orm
          .insert(madeObjects)
          .values({ clusterUid, makerKind, namespace, makerName, ...object, uid, operator })
          .onConflictDoUpdate({
            target: [
              madeObjects.clusterUid,
              madeObjects.makerKind,
              madeObjects.namespace,
              madeObjects.makerName,
              madeObjects.kind,
              madeObjects.name,
            ],
            set: { uid, operator },
          })
          .run();
      }),
    forget: (maker, { kind, name }) =>
      writer.write(() => {
        write.orm
          .delete(madeObjects)
          .where(and(ofMaker(maker), eq(madeObjects.kind, kind), eq(madeObjects.name, name)))
          .run();
      }),
  };
}
