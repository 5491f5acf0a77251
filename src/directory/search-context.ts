/** What conditions on resources of one type are compiled for. */
import type { ResourceType } from '../scim/schema.ts';
import type { SearchDialect } from './condition-sql.ts';
import type { ResourcePlace } from './resource-key.ts';
import type { Scope } from './store.ts';

export interface SearchContext extends ResourcePlace {
  readonly dialect: SearchDialect;
  readonly scope: Scope;
  readonly type: ResourceType;
}
