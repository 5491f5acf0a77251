/** Writes users and groups straight into the tables of either database, in one transaction. */
import { globalUserId, newId } from '../../src/directory/ids.ts';
import { lookupValues } from '../../src/directory/sql/lookup-values.ts';
import { searchDocument } from '../../src/directory/sql/search-document.ts';
import { openTarget } from '../../src/directory/transfer/open.ts';
import { TRANSFER_TABLES, type Value } from '../../src/directory/transfer/tables.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import type { ResourceType } from '../../src/scim/schema.ts';
import { fold } from '../../src/scim/text.ts';

type Row = Readonly<Record<string, Value>>;

/** An integration and its externalId of the n-th user. */
export interface ExternalId {
  readonly integrationId: string;
  readonly externalId: string | null;
}

export interface Population {
  readonly count: number;
  attributesOf(n: number): JsonObject & { readonly userName: string };
  externalIdsOf(n: number): readonly ExternalId[];
}

export interface GroupOfIds {
  readonly displayName: string;
  readonly members: readonly string[];
  /** By default, the members are users. */
  readonly type?: 'User' | 'Group';
  /** The integrations that provisioned it, without an externalId. */
  readonly integrationIds?: readonly string[];
}

export interface Fill {
  /** Returns the ids in order. */
  users(population: Population): Promise<readonly string[]>;
  /** Returns the id. */
  group(group: GroupOfIds): Promise<string>;
  integration(id: string, name: string): Promise<void>;
  /** Counts what was written, and ends the transaction. */
  commit(): Promise<void>;
}

const BATCH = 1_000;
const TIMES = { created: 1, last_modified: 1 };

/** The tenant has to be empty. */
export async function openFill(url: string, tenant: string): Promise<Fill> {
  const target = await openTarget(() => url);
  const totals = { users: 0, groups: 0, inactive_users: 0 };
  const write = async (name: string, rows: readonly Row[]) => {
    const table = TRANSFER_TABLES.find((each) => each.name === name);
    if (table === undefined) throw new Error(`there is no table ${name}`);
    const values = rows.map((row) => table.columns.map((column) => row[column.name] ?? null));
    if (values.length > 0) await target.insert(table, values);
  };

  const documentOf = (attributes: JsonObject, type: ResourceType): string =>
    JSON.stringify(searchDocument(attributes, type));

  const provisioned = (id: string, type: string, { integrationId, externalId }: ExternalId) => ({
    tenant,
    integration_id: integrationId,
    resource_id: id,
    resource_type: type,
    external_id: externalId,
  });

  const batch = async ({ attributesOf, externalIdsOf }: Population, numbers: readonly number[]) => {
    const users = numbers.map((n) => {
      const attributes = attributesOf(n);
      const { userName } = attributes;
      return { id: newId(), userId: globalUserId(userName), n, attributes, key: fold(userName) };
    });
    await write(
      'users',
      users.map(({ userId, key }) => ({ id: userId, user_name_key: key, created: 1 })),
    );
    await write(
      'access',
      users.map(({ id, userId, key, attributes }) => ({
        tenant,
        id,
        user_id: userId,
        user_name_key: key,
        active: Number(attributes.active === true),
        document: documentOf(attributes, STANDARD_RESOURCE_TYPES.user),
        attributes: JSON.stringify(attributes),
        version: 1,
        ...TIMES,
      })),
    );
    await write(
      'access_values',
      users.flatMap(({ id, attributes }) =>
        lookupValues(attributes).map(({ value, types }) => ({
          tenant,
          value,
          access_id: id,
          types,
        })),
      ),
    );
    await write(
      'external_ids',
      users.flatMap(({ id, n }) => externalIdsOf(n).map((each) => provisioned(id, 'User', each))),
    );
    totals.users += users.length;
    totals.inactive_users += users.filter(({ attributes }) => attributes.active === false).length;
    return users.map(({ id }) => id);
  };

  return {
    users: async (population) => {
      const ids: string[] = [];
      for (let start = 0; start < population.count; start += BATCH) {
        const size = Math.min(BATCH, population.count - start);
        const numbers = Array.from({ length: size }, (_, index) => start + index);
        ids.push(...(await batch(population, numbers)));
      }
      return ids;
    },
    group: async ({ displayName, members, type = 'User', integrationIds = [] }) => {
      const id = newId();
      const key = fold(displayName);
      const attributes = { displayName };
      await write('groups', [
        {
          tenant,
          id,
          display_name_key: key,
          document: documentOf(attributes, STANDARD_RESOURCE_TYPES.group),
          attributes: JSON.stringify(attributes),
          version: 1,
          ...TIMES,
        },
      ]);
      await write(
        'external_ids',
        integrationIds.map((integrationId) =>
          provisioned(id, 'Group', { integrationId, externalId: null }),
        ),
      );
      for (let start = 0; start < members.length; start += BATCH) {
        const part = members.slice(start, start + BATCH);
        await write(
          'group_members',
          part.map((member) => ({ tenant, group_id: id, member_id: member, member_type: type })),
        );
      }
      totals.groups++;
      return id;
    },
    integration: (id, name) =>
      write('integrations', [
        {
          id,
          tenant,
          cluster_uid: 'cluster',
          namespace: tenant,
          namespace_uid: 'namespace',
          name,
          uid: name,
          enabled: 1,
          allowed: 1,
          deletion_policy: 'Retain',
          ended_at: null,
          last_request_at: 1,
        },
      ]),
    commit: async () => {
      const counters = Object.entries(totals)
        .filter(([, value]) => value > 0)
        .map(([name, value]) => ({ tenant, name, slot: 0, value }));
      await write('counters', counters);
      await target.commit();
      await target.close();
    },
  };
}
