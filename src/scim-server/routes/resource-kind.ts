/** What tells users from groups over HTTP. */

import type { Caller } from '../../directory/caller.ts';
import type { Page, Query, Scope, StoredResource } from '../../directory/store/resources.ts';
import type { IfMatch } from '../../scim/etag.ts';
import type { PatchOperation } from '../../scim/patch-parser.ts';
import type { Projection } from '../../scim/projection.ts';
import type { Attributes } from '../../scim/resource.ts';
import type { ResourceType } from '../../scim/schema.ts';
import type { ScimCall, ScimRequest } from '../endpoint.ts';
import type { Represented } from './resource-answers.ts';

/** What the directory does with resources of a type, and how they look. */
export interface ResourceKind<R extends StoredResource> {
  readonly type: ResourceType;
  /** The attribute that is read apart from the rest, and only when the answer carries it. */
  readonly related: 'groups' | 'members';
  readonly maxBodyBytes: number;
  list(caller: Caller, query: Query): Promise<Page<R>>;
  get(caller: Caller, id: string, related: boolean): Promise<R | undefined>;
  create(call: ScimCall, attributes: Attributes): Promise<R>;
  replace(call: ScimCall, id: string, attributes: Attributes, ifMatch: IfMatch): Promise<R>;
  patch(
    call: ScimCall,
    id: string,
    operations: readonly PatchOperation[],
    ifMatch: IfMatch,
  ): Promise<R>;
  delete(caller: Caller, id: string, ifMatch: IfMatch): Promise<void>;
  /** The resource as it was just written, whose caller need not hold the permission to read. */
  reread(caller: Caller, id: string): Promise<R | undefined>;
  /** What else answers with the projection need to know of the records; without it nothing. */
  readonly complete?: (
    scope: Scope,
    records: readonly R[],
    projection: Projection,
  ) => Promise<readonly R[]>;
  represent(record: R, projection: Projection, baseUrl: string): Represented;
  /** Whether a PATCH answers with the resource, or with 204. */
  answersPatch(request: ScimRequest): boolean;
}
