/** Decides, as a pure function of what the directory knows of the group, who gets the role. */

import { bindingTenantOf } from '../../crd/defaults.ts';
import type { KubeGroupBinding } from '../../crd/objects.ts';
import { REASON } from '../../crd/reasons.ts';
import { type NamingRule, userSubject } from '../../directory/kubernetes-names.ts';
import type {
  GroupSelector,
  MembershipLimits,
  MembershipReading,
} from '../../directory/store/followed-groups.ts';
import type { Obstacle } from '../obstacle.ts';

/**
 * Limited because the API server compares the user of each request with every subject in the
 * namespace, and because each change of a group reads the whole group.
 */
export const MEMBERSHIP_LIMITS: MembershipLimits = { members: 10_000, groups: 1_000 };

export function selectorOf({ spec: { group } }: KubeGroupBinding): GroupSelector {
  return group.externalId === undefined
    ? { displayName: group.displayName ?? '' }
    : { externalId: group.externalId };
}

interface Members {
  /** Names of Kubernetes users; empty if there is an obstacle. */
  readonly subjects: readonly string[];
  /** The userNames of members whose names are reserved. */
  readonly reserved: readonly string[];
  /** The userNames of members without the attribute that the name is taken from. */
  readonly unnamed: readonly string[];
  readonly obstacle?: Obstacle;
}

const NOBODY: Members = { subjects: [], reserved: [], unnamed: [] };

export function decideMembers(
  binding: KubeGroupBinding,
  { basis, group, members }: MembershipReading,
  rule: NamingRule,
): Members {
  const tenant = bindingTenantOf(binding);
  if (basis.found.length > 1) {
    return blocked(
      REASON.GroupAmbiguous,
      `${basis.found.length} groups of tenant ${tenant} have this externalId, from different ` +
        `integrations: ${basis.found.slice(0, 5).join(', ')}; use the displayName, or change ` +
        'the externalId of all but one',
    );
  }
  if (group === undefined) {
    return blocked(
      REASON.GroupNotFound,
      `Tenant ${tenant} has no group with ${describe(binding)}; nobody has the role until the ` +
        'identity provider pushes the group or spec.group names another',
    );
  }
  if (members === undefined) {
    const { members: most, groups } = MEMBERSHIP_LIMITS;
    return blocked(
      REASON.GroupTooLarge,
      `The group has more than ${count(most)} members, direct and nested, or contains more ` +
        `than ${count(groups)} groups, so nobody has the role; bind smaller groups`,
    );
  }
  const named = members.map((person) => ({
    person,
    subject: userSubject(rule, tenant, person),
  }));
  const without = named.filter(({ subject }) => subject === undefined);
  const isReserved = Object.groupBy(without, ({ person }) =>
    person[rule.from] === undefined ? 'unnamed' : 'reserved',
  );
  const userNames = (kind: 'unnamed' | 'reserved') =>
    (isReserved[kind] ?? []).map(({ person }) => person.userName);
  return {
    // Two people may have one e-mail address.
    subjects: [...new Set(named.flatMap(({ subject }) => subject ?? []))],
    reserved: userNames('reserved'),
    unnamed: userNames('unnamed'),
  };
}

function describe({ spec: { group } }: KubeGroupBinding): string {
  const [[field, value] = ['displayName', '']] = Object.entries(group);
  return `the ${field} ${JSON.stringify(value)}`;
}

const blocked = (reason: Obstacle['reason'], message: string): Members => ({
  ...NOBODY,
  obstacle: { reason, message },
});

const count = (number: number): string => number.toLocaleString('en-US');
