/** What tells users from groups over HTTP. */
import type { Resources } from '../../directory/resources.ts';
import type { Scope, StoredResource } from '../../directory/store/resources.ts';
import type { Projection } from '../../scim/projection.ts';
import type { ScimRequest } from '../endpoint.ts';
import type { Represented } from './resource-answers.ts';

/** What the directory does with resources of a type, and how they look. */
export interface ResourceKind<R extends StoredResource> {
  readonly resources: Resources<R>;
  /** The attribute that is read apart from the rest, and only when the response carries it. */
  readonly related: 'groups' | 'members';
  readonly maxBodyBytes: number;
  /** What else responses with the projection need to know of the records; without it nothing. */
  readonly complete?: (
    scope: Scope,
    records: readonly R[],
    projection: Projection,
  ) => Promise<readonly R[]>;
  represent(record: R, projection: Projection, baseUrl: string): Represented;
  /** Whether the response to a PATCH is the resource, or 204. */
  answersPatch(request: ScimRequest): boolean;
}
