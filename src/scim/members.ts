/**
 * Changes of members as changes to a set of rows, so that a group is never read to change one
 * member.
 */

import type { Condition } from './condition.ts';
import { invalidValue, mutability, type ScimError, tooMany } from './error.ts';
import { isJsonObject, type JsonValue } from './json.ts';
import { MAX_MEMBER_COMPARISONS } from './limits.ts';
import { MEMBERS_AT_ONCE } from './member-lists.ts';
import { comparisonsIn } from './patch-cost.ts';
import type { PatchOperation } from './patch-operation.ts';
import type { Attributes } from './resource.ts';
import { memberWithoutId } from './values.ts';

/**
 * One step of a PATCH or PUT on `members`; `values` are the ids as sent, including unknown ones. In
 * a long list, an id may occur more than once.
 */
export type MemberChange =
  | { readonly kind: 'add' | 'remove' | 'replace'; readonly values: readonly string[] }
  /** `members[…]` with a filter other than `value eq`; refs are relative to the element. */
  | { readonly kind: 'removeWhere'; readonly where: Condition };

/** The number of ids in all of them. */
export const sizeOf = (changes: readonly MemberChange[]): number =>
  changes.reduce((sum, change) => sum + ('values' in change ? change.values.length : 0), 0);

const MEMBERS = 'members';

/** Separates `members` from a parsed body. A missing list counts as an empty one. */
export function separateMembers(attributes: Attributes): {
  attributes: Attributes;
  members: readonly string[];
} {
  const { [MEMBERS]: members, ...rest } = attributes;
  return { attributes: rest, members: memberIds(members) };
}

/**
 * Separates the operations on `members` from the others, which don't depend on them. Throws
 * mutability, invalidValue or tooMany.
 */
export function separateMemberOperations(operations: readonly PatchOperation[]): {
  operations: readonly PatchOperation[];
  changes: readonly MemberChange[];
} {
  const isMembers = ({ ref }: PatchOperation) =>
    ref.extension === undefined && ref.attribute.name === MEMBERS;
  const changes = operations.filter(isMembers).map(toChange);
  checkScans(changes);
  return { operations: operations.filter((operation) => !isMembers(operation)), changes };
}

function checkScans(changes: readonly MemberChange[]): void {
  const scans = changes.flatMap((each) =>
    each.kind === 'removeWhere' && !namesMembers(each.where) ? comparisonsIn(each.where) : [],
  );
  if (scans.reduce((sum, each) => sum + each, 0) > MAX_MEMBER_COMPARISONS) {
    throw tooMany(
      `a PATCH may compare members at most ${MAX_MEMBER_COMPARISONS} times, not counting "value eq"`,
    );
  }
}

/** Whether only members with certain ids, which an index finds, can satisfy the condition. */
function namesMembers(where: Condition): boolean {
  if (where.kind === 'and') return where.terms.some(namesMembers);
  if (where.kind === 'or') return where.terms.every(namesMembers);
  return valuesSelected(where) !== undefined;
}

function toChange({ verb, ref, selector, value }: PatchOperation): MemberChange {
  if (ref.sub !== undefined || (selector !== undefined && verb !== 'remove')) {
    throw mutability(
      "members can only be added and removed; their sub-attributes can't be changed",
    );
  }
  if (selector !== undefined) {
    const values = valuesSelected(selector.where);
    return values === undefined
      ? { kind: 'removeWhere', where: selector.where }
      : { kind: 'remove', values };
  }
  // Without a value, every member is removed (RFC 7644 §3.5.2.2).
  if (verb === 'remove' && value === undefined) return { kind: 'replace', values: [] };
  return { kind: verb, values: memberIds(value) };
}

/**
 * Checks a list that replaces existing members, by how many different ids it has and how many of
 * them are unknown. Throws invalidValue if all are: after a restore of either side, such a list
 * would empty the group.
 */
export function refuseUnknown(distinct: number, unknown: number): void {
  if (distinct === 0 || unknown < distinct) return;
  throw invalidValue('none of the members exists; to empty the group, send []');
}

/** The refusal of a group that would be among its own members, at any depth. */
export const containsItself = (id: string): ScimError =>
  invalidValue(`group ${id} can't be a member: the group would contain itself`);

/**
 * The ids in `value eq "a" or value eq "b"`, the form that clients send; undefined for any other
 * condition.
 */
function valuesSelected(where: Condition): readonly string[] | undefined {
  if (where.kind === 'or') {
    const each = where.terms.map(valuesSelected);
    return each.some((values) => values === undefined)
      ? undefined
      : each.flatMap((values) => values ?? []);
  }
  const isValue =
    where.kind === 'compare' && where.operator === 'eq' && where.ref.attribute.name === 'value';
  return isValue && typeof where.value === 'string' ? [where.value] : undefined;
}

function memberIds(members: JsonValue | undefined): readonly string[] {
  const elements = Array.isArray(members) ? members : [];
  // A long list mostly has ids already, and a copy would take milliseconds.
  const ids = elements.every((each) => typeof each === 'string')
    ? elements
    : elements.map(memberId);
  return ids.length > MEMBERS_AT_ONCE ? ids : [...new Set(ids)];
}

function memberId(member: JsonValue): string {
  if (typeof member === 'string') return member;
  if (isJsonObject(member)) {
    if (typeof member.value === 'string') return member.value;
    // A client may name a member by its URL alone, whose last segment is the id.
    if (typeof member.$ref === 'string') return member.$ref.slice(member.$ref.lastIndexOf('/') + 1);
  }
  throw memberWithoutId();
}
