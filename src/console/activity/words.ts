/** The entries of the log in words. */
import type { ActivityEntry } from '../../directory/store/activity.ts';
import { count } from '../frame/words.ts';

type Operation = ActivityEntry['operation'];
type ResourceType = ActivityEntry['resource']['type'];

/** The past tense, as it stands between who acted and on what. */
export const OPERATION_WORDS: Readonly<Record<Operation, string>> = {
  create: 'created',
  update: 'changed',
  delete: 'removed',
  signIn: 'signed in',
  signInRefused: 'was refused sign-in',
  signOut: 'signed out',
  enable: 'enabled',
  disable: 'disabled',
  rotate: 'rotated the token',
  attach: 'attached a role',
  detach: 'detached a role',
  unbind: 'unbound the account',
  endSessions: 'ended all sessions',
  createSetupLink: 'created a setup link',
  revokeSetupLink: 'revoked a setup link',
  showToken: 'was shown the token',
};

export const RESOURCE_WORDS: Readonly<Record<ResourceType, string>> = {
  User: 'User',
  Group: 'Group',
  ScimIntegration: 'Integration',
  ScimGroupBinding: 'Role of a group',
  Session: 'Session',
};

export const OPERATIONS = Object.keys(OPERATION_WORDS) as readonly Operation[];
export const RESOURCE_TYPES = Object.keys(RESOURCE_WORDS) as readonly ResourceType[];

interface ChangeRow {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** Keeps a page of changes with random values small. The export has all of them. */
const MAX_ROWS = 10;
const LONGEST_VALUE = 120;

/** The first attributes of a change, and how many more there are. */
export function changeRows({ change }: Pick<ActivityEntry, 'change'>): {
  readonly rows: readonly ChangeRow[];
  readonly left: number;
} {
  const all = Object.entries(change);
  const rows = all.slice(0, MAX_ROWS).map(([path, each]) => ({ path, ...sides(each) }));
  return { rows, left: all.length - rows.length };
}

function sides(change: ActivityEntry['change'][string]): Omit<ChangeRow, 'path'> {
  const { added, removed } = change;
  if (added === undefined && removed === undefined)
    return { before: valueText(change.before), after: valueText(change.after) };
  return {
    before: countText(change.removedCount ?? removed?.length ?? 0, 'removed'),
    after: countText(change.addedCount ?? added?.length ?? 0, 'added'),
  };
}

const countText = (values: number, what: string): string =>
  values === 0 ? '–' : `${count(values)} ${what}`;

function valueText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}
