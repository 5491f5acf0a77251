/** Searches over users and groups at once, at the root of the endpoint (RFC 7644 §3.4.2.1, §3.4.3). */
import { listGroups } from '../../directory/groups.ts';
import { type Directory, listUsers } from '../../directory/users.ts';
import type { SortKey } from '../../scim/condition.ts';
import { ScimError } from '../../scim/error.ts';
import { parseProjection, wants } from '../../scim/projection.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { ResourceType } from '../../scim/schema.ts';
import type { Answer } from '../answer.ts';
import { MAX_BODY_BYTES } from '../body.ts';
import type { Routes, ScimCall } from '../endpoint.ts';
import { representGroup } from './groups.ts';
import {
  conditionOf,
  listAnswer,
  type Search,
  searchOfBody,
  searchOfUrl,
  sortOf,
  storeQuery,
} from './query.ts';
import { representUser } from './users.ts';

export function searchRoutes(directory: Directory, types: ResourceTypes): Routes {
  const { user, group } = types;
  const searched = [user, group];

  /** All users come before all groups, each sorted by itself: no order is defined between unlike resources. */
  const search = async ({ caller, baseUrl }: ScimCall, wanted: Search): Promise<Answer> => {
    const [userSort, groupSort] = sortsOf(wanted, user, group);
    const userProjection = parseProjection(wanted.attributes, wanted.excludedAttributes, user);
    const groupProjection = parseProjection(wanted.attributes, wanted.excludedAttributes, group);
    const groupFilter = conditionOf(wanted, group, searched);
    const users = await listUsers(
      directory,
      caller,
      storeQuery(wanted, {
        filter: conditionOf(wanted, user, searched),
        sort: userSort,
        related: wants(userProjection, 'groups'),
      }),
    );
    const behind = {
      startIndex: Math.max(1, wanted.startIndex - users.total),
      count: wanted.count - users.records.length,
    };
    const groups = await listGroups(
      directory,
      caller,
      storeQuery(behind, {
        filter: groupFilter,
        sort: groupSort,
        related: wants(groupProjection, 'members'),
      }),
    );
    return listAnswer(users.total + groups.total, wanted.startIndex, [
      ...users.records.map((each) => representUser(each, types, userProjection, baseUrl).body),
      ...groups.records.map((each) => representGroup(each, types, groupProjection, baseUrl).body),
    ]);
  };

  return {
    '': { GET: (call) => search(call, searchOfUrl(call.request)) },
    '/.search': {
      POST: async (call) => search(call, searchOfBody(await call.body(MAX_BODY_BYTES))),
    },
  };
}

/** A type without the attribute is not sorted; when none has it, the client is told. */
function sortsOf(search: Search, ...types: readonly ResourceType[]): (SortKey | undefined)[] {
  const refusals: ScimError[] = [];
  const keys = types.map((type) => {
    try {
      return sortOf(search, type);
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      refusals.push(error);
      return undefined;
    }
  });
  const [refusal] = refusals;
  if (refusal !== undefined && refusals.length === types.length) throw refusal;
  return keys;
}
