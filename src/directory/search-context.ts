/** What conditions on resources of one type are compiled for. */
import type { SQL } from 'drizzle-orm';
import type { ResourceType } from '../scim/schema.ts';
import type { SearchDialect } from './condition-sql.ts';
import type { Scope } from './store.ts';

export interface SearchContext {
  readonly dialect: SearchDialect;
  readonly scope: Scope;
  readonly type: ResourceType;
  /** Where resources are, and the column that holds their folded userName or displayName. */
  readonly table: SQL;
  readonly key: { readonly attribute: string; readonly column: string };
}
