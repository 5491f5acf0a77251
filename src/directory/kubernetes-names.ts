/**
 * Who a person, and the groups of a tenant, are to Kubernetes. Pure, and the only place that makes
 * these names: ScimGroupBindings, sign-in and the explanation of access must agree.
 */
import { isJsonObject } from '../scim/json.ts';
import type { Attributes } from '../scim/resource.ts';
import { fold } from '../scim/text.ts';

export const NAME_SOURCES = ['userName', 'email', 'externalId'] as const;
export const NAME_CASES = ['preserve', 'lower'] as const;

/** It has to match how the API server itself names the people who sign in there. */
export interface NamingRule {
  /** `{tenant}` in it stands for the name of the tenant. */
  readonly prefix: string;
  readonly from: (typeof NAME_SOURCES)[number];
  readonly case: (typeof NAME_CASES)[number];
}

/** What a name can be made of. */
export interface Nameable {
  readonly userName: string;
  /** Undefined if there is none, or if it isn't clear which one is meant. */
  readonly email: string | undefined;
  readonly externalId: string | undefined;
}

/**
 * `externalIds` are those of the person in different integrations. If they differ, none is chosen,
 * because the API server knows only one.
 */
export function nameableOf(attributes: Attributes, externalIds: readonly string[]): Nameable {
  const { userName, emails } = attributes;
  return {
    userName: typeof userName === 'string' ? userName : '',
    email: emailOf(emails),
    externalId: onlyOne(externalIds),
  };
}

/**
 * The primary e-mail address, or else the one for work, or else the only one. Several that qualify
 * count as none: another person's access must not depend on their order.
 */
function emailOf(emails: Attributes[string] | undefined): string | undefined {
  const all = (Array.isArray(emails) ? emails : []).filter(isJsonObject);
  const primary = all.filter((each) => each.primary === true);
  const work = all.filter(({ type }) => typeof type === 'string' && fold(type) === 'work');
  const chosen = [primary, work].find((each) => each.length > 0) ?? all;
  return onlyOne(chosen.map(({ value }) => (typeof value === 'string' ? value : '')));
}

function onlyOne(values: readonly string[]): string | undefined {
  const [first, ...others] = new Set(values);
  return others.length > 0 || first === '' ? undefined : first;
}

/**
 * The name of the Kubernetes user. Undefined if the person has no such attribute, or if the name is
 * reserved for Kubernetes.
 */
export function userSubject(
  rule: NamingRule,
  tenant: string,
  person: Nameable,
): string | undefined {
  const name = person[rule.from];
  if (name === undefined || name === '') return undefined;
  const cased = rule.case === 'lower' ? name.toLowerCase() : name;
  const subject = `${prefixIn(rule, tenant)}${cased}`;
  return isReserved(cased) || isReserved(subject) ? undefined : subject;
}

/**
 * The name of the Kubernetes group that consists of the members of a group, or of everybody in the
 * tenant. A tenant is a DNS label, so its name ends at the colon. Undefined if it is reserved.
 */
export function groupSubject(
  rule: NamingRule,
  tenant: string,
  displayName?: string,
): string | undefined {
  const own = displayName === undefined ? '' : `:${displayName}`;
  const subject = `${prefixIn(rule, tenant)}${tenant}${own}`;
  return isReserved(subject) ? undefined : subject;
}

const TENANT = '{tenant}';

const prefixIn = ({ prefix }: NamingRule, tenant: string): string =>
  prefix.split(TENANT).join(tenant);

/**
 * Whether the prefix makes different names in different tenants: what follows `{tenant}` must not
 * belong to a DNS label, because `{tenant}-` would give tenant a-b's user c and tenant a's user b-c
 * one name.
 */
export function isUnambiguous(prefix: string): boolean {
  const [first = '', ...rest] = prefix.split(TENANT);
  return rest.every((part) => /^[^a-z0-9{}-]/.test(part)) && !/[{}]/.test(first + rest.join(''));
}

/** Names that begin with `system:` belong to Kubernetes, in whatever case. */
const isReserved = (name: string): boolean => name.toLowerCase().startsWith('system:');
