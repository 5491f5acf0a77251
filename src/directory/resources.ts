/**
 * What a provisioner does with the resources of one type, and what of it is the same for users and
 * groups.
 */
import { type Eventual, eventual } from '../eventual.ts';
import type { IfMatch } from '../scim/etag.ts';
import type { PatchOperation } from '../scim/patch-operation.ts';
import type { Attributes } from '../scim/resource.ts';
import type { ResourceType } from '../scim/schema.ts';
import type { Caller } from './caller.ts';
import { demand } from './permissions.ts';
import type { Page, Query, Scope, StoredResource } from './store/resources.ts';

/**
 * Each rejects with 403 unless the caller holds the permission, and with 412 for another version
 * than `ifMatch`.
 */
export interface Resources<R extends StoredResource> {
  readonly type: ResourceType;
  create(caller: Caller, attributes: Attributes): Promise<Change<R>>;
  /** `related`: with the user's groups, or the group's members. */
  get(caller: Caller, id: string, related: boolean): Eventual<R | undefined>;
  list(caller: Caller, query: Query): Eventual<Page<R>>;
  /** PUT. `related`: with what is related as well, if that costs less than `reread`. */
  replace(
    caller: Caller,
    id: string,
    attributes: Attributes,
    ifMatch: IfMatch,
    related?: boolean,
  ): Promise<Change<R>>;
  patch(
    caller: Caller,
    id: string,
    operations: readonly PatchOperation[],
    ifMatch: IfMatch,
    related?: boolean,
  ): Promise<Change<R>>;
  delete(caller: Caller, id: string, ifMatch: IfMatch): Promise<void>;
  /**
   * The record, as the caller has just written it, with what is related: the permission to read is
   * not needed.
   */
  reread(caller: Caller, written: R): Eventual<R | undefined>;
}

/** The resource after a write. */
export interface Change<R extends StoredResource> {
  readonly record: R;
  /** Members that were skipped because the tenant has no such user or group. */
  readonly unknownMembers: readonly string[];
}

/** Reads need a permission and nothing else. */
export function permittedReads<R extends StoredResource>(
  store: ReadStore<R>,
  permitted: 'users' | 'groups',
): Pick<Resources<R>, 'get' | 'list' | 'reread'> {
  return {
    get: ({ scope, permissions }, id, related) =>
      eventual(() => {
        demand(permissions, `${permitted}.get`);
        return store.get(scope, id, related);
      }),
    list: ({ scope, permissions }, query) =>
      eventual(() => {
        demand(permissions, `${permitted}.list`);
        return store.list(scope, query);
      }),
    reread: ({ scope }, { id }) => store.get(scope, id, true),
  };
}

interface ReadStore<R> {
  get(scope: Scope, id: string, related: boolean): Eventual<R | undefined>;
  list(scope: Scope, query: Query): Eventual<Page<R>>;
}
