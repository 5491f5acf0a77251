/** The ScimGroupBinding that attaches a role to a group. Pure, except for the end of its name. */
import { randomInt } from 'node:crypto';
import type { ScimGroupBindingSpec } from '../../crd/scim-group-binding.ts';
import { isPathSegment } from '../../kube/resource.ts';
import { fold } from '../../scim/text.ts';

/** As the CRD limits it. */
const LONGEST_DISPLAY_NAME = 1_024;
const LONGEST_NAME = 63;
const ENDING = 5;
/** Without vowels and similar characters, as Kubernetes generates names. */
const ENDING_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** What the form asks for. */
export interface WantedRole {
  readonly kind: 'Role' | 'ClusterRole';
  readonly name: string;
  readonly namespace: string;
}

/** Undefined if the form was not filled in with its own controls. */
export function wantedRoleIn(form: URLSearchParams): WantedRole | undefined {
  const kind = form.get('kind');
  const name = form.get('role')?.trim() ?? '';
  const namespace = form.get('namespace') ?? '';
  if (kind !== 'Role' && kind !== 'ClusterRole') return undefined;
  return { kind, name, namespace };
}

/** What is wrong with the name of a role, as the CRD demands it. */
export function roleNameFault(name: string): string | undefined {
  if (name === '') return 'Enter the name of the role.';
  if (name.length > 253) return 'The name of a role has at most 253 characters.';
  if (!isPathSegment(name) || /\p{Cc}/u.test(name))
    return "The name of a role is not '.' or '..', and contains no '/' and no '%'.";
  return undefined;
}

export const isNameable = (displayName: string): boolean =>
  displayName.length > 0 && displayName.length <= LONGEST_DISPLAY_NAME;

export function specFor(
  tenant: string,
  displayName: string,
  wanted: WantedRole,
): ScimGroupBindingSpec {
  const { kind, name } = wanted;
  return { tenant, group: { displayName }, roleRef: { kind, name } };
}

/** Says what it is for, as far as a DNS label can, such as `engineering-edit-x7k2p`. */
export function bindingName(displayName: string, role: string): string {
  const parts = [displayName, role].map(labelPart).filter((part) => part !== '');
  const beginning = parts
    .join('-')
    .slice(0, LONGEST_NAME - ENDING - 1)
    .replace(/-+$/, '');
  const ending = Array.from({ length: ENDING }, () =>
    ENDING_LETTERS.charAt(randomInt(ENDING_LETTERS.length)),
  ).join('');
  return `${beginning === '' ? 'group' : beginning}-${ending}`;
}

const labelPart = (text: string): string =>
  fold(text)
    .slice(0, 30)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
