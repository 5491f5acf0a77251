/** A directory of people for pages, with names that are meant to do harm. */
import type { ConsoleContext } from '../../../src/console/context.ts';
import type { ActivityEntry, ActivityQuery } from '../../../src/directory/store/activity.ts';
import type { GroupMember, GroupSummary, Person } from '../../../src/directory/store/people.ts';
import type { RecentRequest } from '../../../src/directory/store/recent-requests.ts';
import type { PersonSession } from '../../../src/directory/store/sessions.ts';
import type { SetupLink, SetupLinkStore } from '../../../src/directory/store/setup-links.ts';
import { ApiError } from '../../../src/kube/errors.ts';
import type { KubeObject, ObjectKey, ResourceDefinition } from '../../../src/kube/resource.ts';
import { NOW } from './hand-made.ts';

export const ADA: Person = {
  id: '01a2b3c4-0000-7000-8000-00000000000a',
  attributes: {
    userName: 'ada@acme.example',
    displayName: 'Ada Lovelace',
    active: true,
    emails: [{ value: 'ada@acme.example', type: 'work', primary: true }],
    profileUrl: 'javascript:alert(1)',
    photos: [{ value: 'https://photos.example/ada.png', type: 'photo' }],
  },
  active: true,
  version: 3,
  created: NOW - 86_400_000,
  lastModified: NOW - 12_000,
  provisionedBy: [
    {
      integrationId: 'integration-1',
      integration: { namespace: 'acme', name: 'company-idp' },
      ended: false,
      externalId: '00u1',
    },
  ],
  identity: { issuer: 'https://acme.okta.com', subject: '00u1', boundAt: NOW - 3_600_000 },
};

export const ENGINEERING: GroupSummary = {
  id: '01a2b3c4-0000-7000-8000-00000000000b',
  displayName: 'Engineering',
  lastModified: NOW - 60_000,
  members: { count: 2, more: false },
};

export const ENTRY: ActivityEntry = {
  id: '01a2b3c4-0000-7000-8000-00000000000e',
  at: NOW - 12_000,
  tenant: 'acme',
  actor: { kind: 'integration', name: 'integration-1' },
  operation: 'update',
  resource: { type: 'User', id: ADA.id, name: 'ada@acme.example' },
  requestId: 'r1',
  version: 3,
  change: { displayName: { before: 'Ada', after: 'Ada Lovelace' } },
};

/** As the cluster has it, and as the directory does. */
export const INTEGRATION = {
  kind: 'ScimIntegration',
  metadata: { namespace: 'acme', name: 'company-idp', uid: 'uid-i', generation: 1 },
  spec: { displayName: 'Company IdP' },
  status: { integrationId: 'integration-1' },
};
const INTEGRATION_RECORD = {
  id: 'integration-1',
  tenant: 'acme',
  namespace: 'acme',
  name: 'company-idp',
  uid: 'uid-i',
};

export const SESSION_OF_ADA: PersonSession = {
  hash: 'a'.repeat(64),
  kind: 'person',
  tenant: 'acme',
  accessId: ADA.id,
  provider: 'okta',
  issuer: 'https://acme.okta.com',
  subject: '00u1',
  createdAt: NOW - 3_600_000,
  lastUsedAt: NOW - 60_000,
  expiresAt: NOW + 3_600_000,
};

type NewSetupLink = Parameters<SetupLinkStore['create']>[0];

/** A cluster in memory, with the verbs that pages use. */
function clusterOf(objects: readonly KubeObject[]) {
  const stored = [...objects];
  const written: unknown[][] = [];
  const isOf = ({ kind }: ResourceDefinition, object: KubeObject, key: Partial<ObjectKey>) =>
    object.kind === kind &&
    (key.namespace === undefined || object.metadata.namespace === key.namespace) &&
    (key.name === undefined || object.metadata.name === key.name);
  const client = {
    list: async (resource: ResourceDefinition, { namespace }: { namespace?: string }) => ({
      metadata: {},
      items: stored.filter((each) =>
        isOf(resource, each, namespace === undefined ? {} : { namespace }),
      ),
    }),
    get: async (resource: ResourceDefinition, key: ObjectKey) => {
      const found = stored.find((each) => isOf(resource, each, key));
      if (found !== undefined) return found;
      throw new ApiError(404, 'not found', { reason: 'NotFound', objectName: key.name });
    },
    create: async (resource: ResourceDefinition, object: KubeObject, manager: string) => {
      written.push(['create', object, manager]);
      const { kind } = resource;
      return { ...object, kind, metadata: { ...object.metadata, uid: 'uid-of-new' } };
    },
    delete: async (...call: unknown[]) => {
      written.push(['delete', ...call.slice(1)]);
    },
  };
  return { client: client as unknown as ConsoleContext['client'], written };
}

interface Given {
  readonly people?: readonly Person[];
  readonly groups?: readonly GroupSummary[];
  readonly members?: readonly GroupMember[];
  readonly memberships?: Awaited<ReturnType<ConsoleContext['store']['people']['groupsOf']>>;
  readonly sessions?: readonly PersonSession[];
  readonly entries?: readonly ActivityEntry[];
  readonly requests?: readonly RecentRequest[];
  readonly links?: readonly SetupLink[];
  /** What the cluster has. */
  readonly objects?: readonly KubeObject[];
}

/** Everything is in the tenant acme. What is asked of it is in `calls`. */
export function storeOf({
  people = [ADA],
  groups = [ENGINEERING],
  members = [],
  memberships = [],
  sessions = [SESSION_OF_ADA],
  entries = [],
  requests = [],
  links = [],
  objects = [],
}: Given = {}) {
  const calls: unknown[][] = [];
  const recorded: unknown[] = [];
  const open = [...links];
  const append = async (entry: unknown) => {
    recorded.push(entry);
  };
  const inTenant = <T>(tenant: string, values: readonly T[]) => (tenant === 'acme' ? values : []);
  const summaries = people.map(({ id, attributes, active, lastModified }) => ({
    id,
    userName: String(attributes.userName),
    displayName: typeof attributes.displayName === 'string' ? attributes.displayName : undefined,
    email: undefined,
    active,
    lastModified,
  }));
  const store = {
    sealingKey: '5'.repeat(64),
    people: {
      counts: async () => ({ active: people.length, inactive: 0, groups: groups.length }),
      search: async (tenant: string, query: unknown) => {
        calls.push(['search', tenant, query]);
        return { people: inTenant(tenant, summaries), next: undefined };
      },
      get: async (tenant: string, id: string) =>
        inTenant(tenant, people).find((each) => each.id === id),
      groupsOf: async () => memberships,
      searchGroups: async (tenant: string, query: unknown) => {
        calls.push(['searchGroups', tenant, query]);
        return { groups: inTenant(tenant, groups), next: undefined };
      },
      groupNames: async (tenant: string) => inTenant(tenant, groups),
      directGroups: async (tenant: string, ids: readonly string[]) =>
        new Map(
          inTenant(tenant, ids).map((id) => [
            id,
            { named: groups.slice(0, 3), count: groups.length, more: false },
          ]),
        ),
      group: async (tenant: string, id: string) =>
        inTenant(tenant, groups).find((each) => each.id === id),
      members: async (...call: unknown[]) => {
        calls.push(['members', ...call]);
        return { members, next: undefined };
      },
    },
    sessions: {
      list: async () => sessions,
      endAll: async (of: unknown) => {
        calls.push(['endAll', of]);
        return sessions.length;
      },
    },
    activity: {
      append,
      list: async ({ limit, after = '0', ...query }: ActivityQuery) => {
        calls.push(['activity', query]);
        const [first, end] = [Number(after), Number(after) + limit];
        const next = end < entries.length ? { next: String(end) } : {};
        return { entries: entries.slice(first, end), ...next };
      },
    },
    recentRequests: { list: async () => requests },
    setupLinks: {
      list: async (uid: string) => open.filter((each) => each.integrationUid === uid),
      find: async (hash: string) => open.find((each) => each.hash === hash),
      create: async (link: NewSetupLink) => {
        open.push({ ...link, tokenShownAt: undefined });
      },
      markTokenShown: async (hash: string) => {
        const at = open.findIndex((each) => each.hash === hash);
        const link = open[at];
        if (link === undefined || link.tokenShownAt !== undefined) return false;
        open[at] = { ...link, tokenShownAt: NOW };
        return true;
      },
      revoke: async (_: string, hash: string) => {
        const at = open.findIndex((each) => each.hash === hash);
        return at !== -1 && open.splice(at, 1).length > 0;
      },
    },
    integrations: {
      get: async () => INTEGRATION_RECORD,
      activity: async () => ({ users: 1, groups: 1, lastRequestAt: NOW }),
    },
    identities: {
      unbind: async (...call: unknown[]) => {
        calls.push(['unbind', ...call]);
        return true;
      },
    },
  } as unknown as ConsoleContext['store'];
  const { client, written } = clusterOf(objects);
  const events = { record: () => {} };
  return { store, calls, recorded, written, client, events };
}
