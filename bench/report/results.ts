/** What was measured on one kind of database. Sections that were not asked for are missing. */
import type { DiskResults } from '../sections/disk.ts';
import type { GrowthResults } from '../sections/growth.ts';
import type { InterferenceResults } from '../sections/interference.ts';
import type { LoadResults } from '../sections/load.ts';
import type { OverloadResults } from '../sections/overload.ts';
import type { PoolerResults, ProcessResults } from '../sections/processes.ts';
import type { DatabaseKind } from '../stage/databases.ts';

export interface Results {
  readonly kind: DatabaseKind;
  readonly load?: LoadResults;
  readonly growth?: GrowthResults;
  readonly processes?: ProcessResults;
  readonly pooler?: PoolerResults;
  readonly disk?: DiskResults;
  readonly overload?: OverloadResults;
  readonly interference?: InterferenceResults;
}

/** The labels of phases and requests, in tables and charts. */
export const LABELS = {
  create: 'create a user',
  get: 'GET by id',
  userName: '`userName eq`',
  externalId: '`externalId eq`',
  email: '`emails[type eq "work"].value eq`',
  patch: 'PATCH `active`',
  put: 'PUT',
  mix: 'mix',
  member: 'PATCH of a group: one member joins or leaves',
  firstPage: 'first page',
  lastPage: 'last page',
  add: 'add one member',
  remove: 'remove one member',
  withoutMembers: 'GET without `members`',
  displayName: '`displayName eq`',
  isMember: '`id eq … and members eq …`',
  withMembers: 'GET with all members',
} as const;
