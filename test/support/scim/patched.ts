/** A user to which PATCHes are applied, and what they change. */
import type { ScimError } from '../../../src/scim/error.ts';
import { settlingManager } from '../../../src/scim/manager.ts';
import { separateMemberOperations } from '../../../src/scim/members.ts';
import { applyPatch } from '../../../src/scim/patch.ts';
import type { Attributes } from '../../../src/scim/resource.ts';
import { STANDARD_RESOURCE_TYPES } from '../../../src/scim/resource-types.ts';
import { parsePatch } from './parse-patch.ts';

export const { user: USER, group: GROUP } = STANDARD_RESOURCE_TYPES;
export const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const USER_URN = USER.schema.id;
export const GROUP_URN = GROUP.schema.id;

export const BEFORE = {
  userName: 'ada',
  active: true,
  displayName: 'Ada',
  name: { givenName: 'Ada', familyName: 'Byron' },
  emails: [{ value: 'a@x', type: 'work' }],
  roles: [{ value: 'r' }],
  addresses: [{ locality: 'London' }],
  [ENTERPRISE_URN]: { department: 'Maths', manager: { value: 'm1', $ref: '../Users/m1' } },
};

/** Returns what the PATCH changes in BEFORE. */
export function changed(...Operations: readonly object[]): object {
  const operations = parsePatch({ Operations }, USER);
  const settle = settlingManager('https://x.example');
  const after: Attributes = applyPatch(BEFORE, operations, USER, settle);
  const names = new Set([...Object.keys(BEFORE), ...Object.keys(after)]);
  const same = (name: string) =>
    JSON.stringify(after[name]) === JSON.stringify(BEFORE[name as 'name']);
  return Object.fromEntries(
    [...names].filter((name) => !same(name)).map((name) => [name, after[name]]),
  );
}

export const memberChanges = (...Operations: readonly object[]) =>
  separateMemberOperations(parsePatch({ Operations }, GROUP)).changes;

export function refusal(
  act: () => unknown,
): Pick<ScimError, 'status' | 'scimType' | 'detail'> | undefined {
  try {
    act();
  } catch (error) {
    return error as ScimError;
  }
  return undefined;
}

export const INVALID_VALUE = { name: 'ScimError', status: 400, scimType: 'invalidValue' };
