/**
 * Searches over users and groups at once, at the root of the endpoint (RFC 7644 §3.4.2.1, §3.4.3).
 */

import type { GroupRecord, UserRecord } from '../../directory/store/resources.ts';
import { MAX_BODY_BYTES } from '../../scim/limits.ts';
import type { Routes, ScimCall } from '../endpoint.ts';
import type { Cursors } from './cursor.ts';
import { answerLists, listOf } from './listing.ts';
import { type Search, searchOfBody, searchOfUrl } from './query.ts';
import type { ResourceKind } from './resource-kind.ts';

export function searchRoutes(
  users: ResourceKind<UserRecord>,
  groups: ResourceKind<GroupRecord>,
  cursors: Cursors,
): Routes {
  const types = [users.resources.type, groups.resources.type];
  const search = (call: ScimCall, wanted: Search) => {
    const lists = [listOf(users, wanted, call, types), listOf(groups, wanted, call, types)];
    return answerLists(lists, wanted, call, cursors);
  };
  return {
    '': { GET: (call) => search(call, searchOfUrl(call.request)) },
    '/.search': {
      POST: async (call) => search(call, searchOfBody(await call.body(MAX_BODY_BYTES))),
    },
  };
}
