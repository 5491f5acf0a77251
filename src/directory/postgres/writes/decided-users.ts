/** What a change makes of a user, as the statement on PostgreSQL writes it. */
import { notFound } from '../../../scim/error.ts';
import type { StoredProfile } from '../../../scim/profile.ts';
import type { Attributes } from '../../../scim/resource.ts';
import type { ResourceTypes } from '../../../scim/resource-types.ts';
import { sameValue } from '../../../scim/values.ts';
import { globalUserId } from '../../ids.ts';
import { USER_CHANGES } from '../../sql/followed-groups.ts';
import { lookupChange } from '../../sql/lookup-values.ts';
import {
  foldedName,
  INACTIVE_USERS,
  inactiveChange,
  isOtherPerson,
  isOtherSubject,
  rowOf,
} from '../../sql/resource-key.ts';
import type { Author, Decide, UserRecord } from '../../store/resources.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import type { CounterChange, UserChange } from './user-statements.ts';

export interface AskedChange {
  readonly author: Author;
  readonly id: string;
  readonly decide: Decide<UserRecord>;
  readonly at: number;
}

export interface CurrentUser {
  readonly user: UserRecord;
  /** Whether the integration provisions the user. */
  readonly isLinked: boolean;
}

/** The current user, and how it is to be changed unless nothing differs. */
export interface Decided extends CurrentUser {
  readonly change: UserChange | undefined;
  /** After the change. */
  readonly profile: StoredProfile;
}

/** Throws what `decide` throws, and notFound. */
type DecideChange = (asked: AskedChange, found: CurrentUser | undefined) => Decided;

export function changeDecider(types: ResourceTypes, activity: ActivityLog): DecideChange {
  return (asked, found) => {
    const { author, id, decide, at } = asked;
    if (found === undefined) throw notFound('User', id);
    const { user } = found;
    const { version, created, lastModified } = user;
    const before = user.profile.attributes;
    const attributes = decide(user);
    if (sameValue(attributes, before))
      return { ...found, profile: user.profile, change: undefined };
    const { profile, key, active, document } = rowOf('User', types.user, attributes);
    const entry = activity.rowOf(author, () => ({
      type: 'User',
      id,
      before,
      after: attributes,
      version: version + 1,
      at: Math.max(at, lastModified),
    }));
    const change = {
      id,
      version,
      created,
      userId: globalUserId(key),
      key,
      isRenamed: key !== foldedName('User', before),
      isOtherPerson: isOtherPerson(before, attributes),
      json: profile.json,
      document,
      active,
      externalId: profile.externalId,
      isLinked: found.isLinked && profile.externalId === user.profile.externalId,
      ...lookupChange(before, attributes),
      counts: countsOf(before, attributes),
      at,
      entry,
    };
    return { ...found, profile, change };
  };
}

/** By how much a change of a user changes the counters of the tenant. */
function countsOf(before: Attributes, after: Attributes): CounterChange[] {
  if (!isOtherSubject(before, after)) return [];
  const by = inactiveChange(before, after);
  const changes = [{ name: USER_CHANGES, by: 1 }];
  return by === 0 ? changes : [{ name: INACTIVE_USERS, by }, ...changes];
}
