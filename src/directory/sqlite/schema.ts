/**
 * The tables of the migrations as Drizzle sees them. Statements take the names of tables and
 * columns and the types of rows from here. A test holds the migrated database to them.
 */
import { sql } from 'drizzle-orm';
import {
  blob,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';
import type { Attributes } from '../../scim/resource.ts';
import type { ActivityEntry } from '../store/activity.ts';
import type { DeletionPolicy } from '../store/integrations.ts';

export const users = sqliteTable('users', {
  id: text('id').notNull(),
  userNameKey: text('user_name_key').primaryKey(),
  created: integer('created').notNull(),
});

const resource = {
  tenant: text('tenant').notNull(),
  id: text('id').notNull(),
  document: blob('document').notNull(),
  attributes: text('attributes', { mode: 'json' }).$type<Attributes>().notNull(),
  version: integer('version').notNull(),
  created: integer('created').notNull(),
  lastModified: integer('last_modified').notNull(),
};

export const access = sqliteTable(
  'access',
  {
    ...resource,
    userId: text('user_id').notNull(),
    userNameKey: text('user_name_key').notNull(),
    active: integer('active', { mode: 'boolean' }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.id] }),
    uniqueIndex('access_user_name').on(t.tenant, t.userNameKey),
    index('access_inactive').on(t.tenant, t.userNameKey).where(sql`NOT active`),
  ],
);

export const groups = sqliteTable(
  'groups',
  { ...resource, displayNameKey: text('display_name_key').notNull() },
  (t) => [
    primaryKey({ columns: [t.tenant, t.id] }),
    uniqueIndex('groups_display_name').on(t.tenant, t.displayNameKey),
  ],
);

export const groupMembers = sqliteTable(
  'group_members',
  {
    tenant: text('tenant').notNull(),
    groupId: text('group_id').notNull(),
    memberId: text('member_id').notNull(),
    memberType: text('member_type', { enum: ['User', 'Group'] }).notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.groupId, t.memberId] }),
    index('group_members_member').on(t.tenant, t.memberId, t.groupId),
    index('group_members_nested')
      .on(t.tenant, t.groupId, t.memberId)
      .where(sql`member_type = 'Group'`),
  ],
);

export const accessValues = sqliteTable(
  'access_values',
  {
    tenant: text('tenant').notNull(),
    value: text('value').notNull(),
    accessId: text('access_id').notNull(),
    types: text('types').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.value, t.accessId] })],
);

export const externalIds = sqliteTable(
  'external_ids',
  {
    tenant: text('tenant').notNull(),
    integrationId: text('integration_id').notNull(),
    resourceId: text('resource_id').notNull(),
    resourceType: text('resource_type', { enum: ['User', 'Group'] }).notNull(),
    externalId: text('external_id'),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.resourceId, t.integrationId] }),
    index('external_ids_external_id').on(t.tenant, t.externalId, t.integrationId),
    index('external_ids_integration').on(
      t.integrationId,
      t.tenant,
      t.resourceType,
      t.resourceId,
      t.externalId,
    ),
    index('external_ids_group').on(t.tenant, t.externalId).where(sql`resource_type = 'Group'`),
  ],
);

export const integrations = sqliteTable(
  'integrations',
  {
    tenant: text('tenant').notNull(),
    id: text('id').primaryKey(),
    clusterUid: text('cluster_uid').notNull(),
    namespace: text('namespace').notNull(),
    namespaceUid: text('namespace_uid').notNull(),
    name: text('name').notNull(),
    uid: text('uid').notNull(),
    enabled: integer('enabled', { mode: 'boolean' }).notNull(),
    allowed: integer('allowed', { mode: 'boolean' }).notNull(),
    deletionPolicy: text('deletion_policy').$type<DeletionPolicy>().notNull(),
    endedAt: integer('ended_at'),
    lastRequestAt: integer('last_request_at'),
  },
  (t) => [
    uniqueIndex('integrations_owner')
      .on(t.clusterUid, t.namespace, t.name)
      .where(sql`ended_at IS NULL`),
    index('integrations_cluster').on(t.clusterUid, t.tenant),
  ],
);

export const tenantOwners = sqliteTable('tenant_owners', {
  tenant: text('tenant').primaryKey(),
  clusterUid: text('cluster_uid').notNull(),
  namespaceUid: text('namespace_uid').notNull(),
});

export const governedTenants = sqliteTable('governed_tenants', {
  tenant: text('tenant').primaryKey(),
});

export const tokens = sqliteTable(
  'tokens',
  {
    tenant: text('tenant').notNull(),
    hash: text('hash').primaryKey(),
    integrationId: text('integration_id').notNull(),
    keyId: text('key_id').notNull(),
    issuedAt: integer('issued_at').notNull(),
    expiresAt: integer('expires_at'),
    pending: integer('pending', { mode: 'boolean' }).notNull(),
    lastUsedAt: integer('last_used_at'),
    shownAt: integer('shown_at'),
  },
  (t) => [index('tokens_integration').on(t.integrationId)],
);

export const sessions = sqliteTable(
  'sessions',
  {
    tenant: text('tenant').notNull(),
    hash: text('hash').primaryKey(),
    kind: text('kind', { enum: ['person', 'kubernetes'] }).notNull(),
    accessId: text('access_id'),
    provider: text('provider'),
    issuer: text('issuer'),
    subject: text('subject'),
    sid: text('sid'),
    holder: text('holder'),
    sealedIdToken: text('sealed_id_token'),
    sealedToken: text('sealed_token'),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (t) => [
    index('sessions_access').on(t.tenant, t.accessId),
    index('sessions_subject').on(t.issuer, t.subject),
    index('sessions_sid').on(t.issuer, t.sid),
  ],
);

export const identities = sqliteTable(
  'identities',
  {
    tenant: text('tenant').notNull(),
    accessId: text('access_id').notNull(),
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    boundAt: integer('bound_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenant, t.accessId] }),
    uniqueIndex('identities_subject').on(t.tenant, t.issuer, t.subject),
  ],
);

export const setupLinks = sqliteTable(
  'setup_links',
  {
    hash: text('hash').primaryKey(),
    tenant: text('tenant').notNull(),
    namespace: text('namespace').notNull(),
    name: text('name').notNull(),
    integrationUid: text('integration_uid').notNull(),
    createdBy: text('created_by').notNull(),
    accessId: text('access_id'),
    holder: text('holder'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    tokenShownAt: integer('token_shown_at'),
  },
  (t) => [index('setup_links_integration').on(t.integrationUid)],
);

export const madeObjects = sqliteTable(
  'made_objects',
  {
    clusterUid: text('cluster_uid').notNull(),
    makerKind: text('maker_kind').notNull(),
    namespace: text('namespace').notNull(),
    makerName: text('maker_name').notNull(),
    kind: text('kind').notNull(),
    name: text('name').notNull(),
    uid: text('uid'),
    operator: text('operator'),
  },
  (t) => [
    primaryKey({
      columns: [t.clusterUid, t.makerKind, t.namespace, t.makerName, t.kind, t.name],
    }),
  ],
);

export const recentRequests = sqliteTable(
  'recent_requests',
  {
    tenant: text('tenant').notNull(),
    integrationId: text('integration_id').notNull(),
    process: text('process').notNull(),
    writtenAt: integer('written_at').notNull(),
    requests: text('requests').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.integrationId, t.process] })],
);

export const activity = sqliteTable(
  'activity',
  {
    seq: integer('seq').primaryKey(),
    tenant: text('tenant').notNull(),
    id: text('id').notNull(),
    at: integer('at').notNull(),
    actorKind: text('actor_kind').$type<ActivityEntry['actor']['kind']>().notNull(),
    actorName: text('actor_name').notNull(),
    operation: text('operation').$type<ActivityEntry['operation']>().notNull(),
    resourceType: text('resource_type').$type<ActivityEntry['resource']['type']>().notNull(),
    resourceId: text('resource_id').notNull(),
    resourceName: text('resource_name').notNull(),
    requestId: text('request_id'),
    version: integer('version'),
    before: text('before'),
    after: text('after'),
    moved: text('moved'),
  },
  (t) => [
    unique().on(t.tenant, t.id),
    index('activity_resource').on(t.tenant, sql`seq >> 9`, sql`substr(resource_id, -8)`),
    index('activity_people').on(t.tenant, t.id).where(sql`actor_kind <> 'integration'`),
  ],
);

export const counters = sqliteTable(
  'counters',
  {
    tenant: text('tenant').notNull(),
    name: text('name').notNull(),
    slot: integer('slot').notNull(),
    value: integer('value').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.name, t.slot] })],
);

export const signingKeys = sqliteTable('signing_keys', {
  name: text('name').primaryKey(),
  value: text('value').notNull(),
});
