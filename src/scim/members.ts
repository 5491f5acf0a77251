/** Members of a group as changes to a set of rows: a group is never read to change one member. */
import type { Condition } from './condition.ts';

/** One step of a PATCH or PUT on `members`; `values` are ids as sent, unknown ones included. */
export type MemberChange =
  | { readonly kind: 'add' | 'remove' | 'replace'; readonly values: readonly string[] }
  /** `members[…]` with a filter other than `value eq`; refs are relative to the element. */
  | { readonly kind: 'removeWhere'; readonly where: Condition };
