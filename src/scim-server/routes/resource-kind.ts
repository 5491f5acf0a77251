/** The differences between users and groups in the SCIM routes. */
import type { Resources } from '../../directory/resources.ts';
import type { StoredResource } from '../../directory/store/resources.ts';
import { type Projection, wants } from '../../scim/projection.ts';
import type { ScimCall, ScimRequest } from '../endpoint.ts';
import type { Represented } from './resource-answers.ts';

/** What a response shows of a resource. A list only needs the body. */
export type Shown = Pick<Represented, 'etag' | 'body'>;

/** The use cases of a resource type, and its representation. */
export interface ResourceKind<R extends StoredResource> {
  readonly resources: Resources<R>;
  /** The attribute that is read separately, and only if the response contains it. */
  readonly related: 'groups' | 'members';
  readonly maxBodyBytes: number;
  represent(record: R, projection: Projection, baseUrl: string): Shown;
  /** Whether the response to a PATCH contains the resource; otherwise it is 204. */
  answersPatch(request: ScimRequest): boolean;
}

/**
 * Call this before resources are read for a response: groups may have very many members. Throws
 * ScimError 429 or 503 if there is no room for a long response.
 */
export function expectRelated(
  { expectLong }: Pick<ScimCall, 'expectLong'>,
  { related }: Pick<ResourceKind<StoredResource>, 'related'>,
  projection: Projection,
): void {
  if (related === 'members' && wants(projection, related)) expectLong();
}
