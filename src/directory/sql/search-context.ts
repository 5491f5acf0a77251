/** What conditions on resources of one type are compiled for. */
import type { ResourceType } from '../../scim/schema.ts';
import type { Scope } from '../store/resources.ts';
import type { SearchDialect } from './conditions.ts';
import type { ResourcePlace } from './resource-key.ts';

export interface SearchContext extends ResourcePlace {
  readonly dialect: SearchDialect;
  readonly scope: Scope;
  readonly type: ResourceType;
}
