/** A directory with one integration, and users and groups that were provisioned through it. */
import { recordIntegration } from '../../hack/scim-server/integration.ts';
import { openDirectory } from '../../src/directory/open.ts';
import type { Databases } from '../stage/databases.ts';
import { openFill } from './fill.ts';
import { attributesOf, externalIdOf } from './users.ts';

export interface Directory {
  readonly url: string;
  /** The path of the integration's endpoint. */
  readonly path: string;
  readonly token: string;
  /** An integration of another tenant, which has nobody. */
  readonly neighbour: { readonly path: string; readonly token: string };
  /** The ids of the users in order. */
  readonly users: readonly string[];
  /** The ids of the groups by their displayName. */
  readonly groups: Readonly<Record<string, string>>;
  /** The ids of their members. */
  readonly members: Readonly<Record<string, readonly string[]>>;
}

/** The members of groups by displayName: so many of the first users, or those from one to another. */
export type GroupSizes = Readonly<Record<string, number | readonly [from: number, to: number]>>;

/** Groups of so many members each, which together have all users. */
export const teamsOf = (users: number, size: number): GroupSizes =>
  Object.fromEntries(
    Array.from({ length: Math.ceil(users / size) }, (_, index) => [
      `Team ${index}`,
      [index * size, Math.min(users, (index + 1) * size)] as const,
    ]),
  );

export const TENANT = 'bench';
const NEIGHBOUR = 'neighbour';

export async function createDirectory(
  databases: Databases,
  name: string,
  count = 0,
  groups: GroupSizes = {},
): Promise<Directory> {
  return fillDirectory(await databases.create(name), count, groups);
}

/** The database has to be empty. */
export async function fillDirectory(
  url: string,
  count: number,
  groups: GroupSizes,
): Promise<Directory> {
  const store = await openDirectory(url);
  const { record, token, path } = await recordIntegration(store, { tenant: TENANT });
  const neighbour = await recordIntegration(store, { tenant: NEIGHBOUR });
  await store.close();
  const fill = await openFill(url, TENANT);
  const users = await fill.users({
    count,
    attributesOf,
    externalIdsOf: (n) => [{ integrationId: record.id, externalId: externalIdOf(n) }],
  });
  const members = Object.fromEntries(
    Object.entries(groups).map(([displayName, size]) => [
      displayName,
      users.slice(...(typeof size === 'number' ? [0, size] : size)),
    ]),
  );
  const ids: Record<string, string> = {};
  for (const [displayName, each] of Object.entries(members))
    ids[displayName] = await fill.group({
      displayName,
      members: each,
      integrationIds: [record.id],
    });
  await fill.commit();
  return { url, path, token, neighbour, users, groups: ids, members };
}
