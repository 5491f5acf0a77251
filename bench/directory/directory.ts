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
  /** The ids of the users in order. */
  readonly users: readonly string[];
  /** The ids of the groups by their displayName. */
  readonly groups: Readonly<Record<string, string>>;
}

export const TENANT = 'bench';

/** `groups` are the numbers of members by displayName. The first users are the members. */
export async function createDirectory(
  databases: Databases,
  name: string,
  count = 0,
  groups: Readonly<Record<string, number>> = {},
): Promise<Directory> {
  const url = await databases.create(name);
  const store = await openDirectory(url);
  const { record, token, path } = await recordIntegration(store, { tenant: TENANT });
  await store.close();
  const fill = await openFill(url, TENANT);
  const users = await fill.users({
    count,
    attributesOf,
    externalIdsOf: (n) => [{ integrationId: record.id, externalId: externalIdOf(n) }],
  });
  const ids: Record<string, string> = {};
  for (const [displayName, members] of Object.entries(groups))
    ids[displayName] = await fill.group({
      displayName,
      members: users.slice(0, members),
      integrationIds: [record.id],
    });
  await fill.commit();
  return { url, path, token, users, groups: ids };
}
