/** Searches over users and groups at once, at the root of the endpoint (RFC 7644 §3.4.2.1, §3.4.3). */
import type { GroupRecord, StoredResource, UserRecord } from '../../directory/store.ts';
import type { Condition, SortKey } from '../../scim/condition.ts';
import { ScimError } from '../../scim/error.ts';
import type { JsonObject } from '../../scim/json.ts';
import { parseProjection, wants } from '../../scim/projection.ts';
import type { ResourceType } from '../../scim/schema.ts';
import type { Answer } from '../answer.ts';
import { MAX_BODY_BYTES } from '../body.ts';
import type { Routes, ScimCall } from '../endpoint.ts';
import {
  conditionOf,
  listAnswer,
  type Search,
  searchOfBody,
  searchOfUrl,
  sortOf,
  storeQuery,
} from './query.ts';
import type { ResourceKind } from './resource-routes.ts';

export function searchRoutes(
  users: ResourceKind<UserRecord>,
  groups: ResourceKind<GroupRecord>,
): Routes {
  const searched = [users.type, groups.type];

  /** All users come before all groups, each sorted by itself: no order is defined between unlike resources. */
  const search = async (call: ScimCall, wanted: Search): Promise<Answer> => {
    const [userSort, groupSort] = sortsOf(wanted, ...searched);
    const groupFilter = conditionOf(wanted, groups.type, searched);
    const ofUsers = await part(users, call, wanted, {
      filter: conditionOf(wanted, users.type, searched),
      sort: userSort,
    });
    const behind = {
      ...wanted,
      startIndex: Math.max(1, wanted.startIndex - ofUsers.total),
      count: wanted.count - ofUsers.resources.length,
    };
    const ofGroups = await part(groups, call, behind, { filter: groupFilter, sort: groupSort });
    return listAnswer(ofUsers.total + ofGroups.total, wanted.startIndex, [
      ...ofUsers.resources,
      ...ofGroups.resources,
    ]);
  };

  return {
    '': { GET: (call) => search(call, searchOfUrl(call.request)) },
    '/.search': {
      POST: async (call) => search(call, searchOfBody(await call.body(MAX_BODY_BYTES))),
    },
  };
}

async function part<R extends StoredResource>(
  kind: ResourceKind<R>,
  { caller, baseUrl }: ScimCall,
  wanted: Search,
  conditions: { filter: Condition | undefined; sort: SortKey | undefined },
): Promise<{ total: number; resources: readonly JsonObject[] }> {
  const projection = parseProjection(wanted.attributes, wanted.excludedAttributes, kind.type);
  const related = wants(projection, kind.related);
  const { total, records } = await kind.list(
    caller,
    storeQuery(wanted, { ...conditions, related }),
  );
  return {
    total,
    resources: records.map((each) => kind.represent(each, projection, baseUrl).body),
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
