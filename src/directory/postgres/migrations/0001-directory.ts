/**
 * Users, groups, integrations and tokens. The key of every table of a tenant starts with the
 * tenant, and there are no foreign keys, so that the schema can be distributed by tenant. Text is
 * compared bytewise, as everywhere.
 */
export const sql = `
-- A person or account, global: the id follows from the folded userName.
CREATE TABLE users (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  user_name_key TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL
);

-- A user in a tenant: the SCIM resource. Filters compare the document: every value in comparable form.
CREATE TABLE access (
  tenant TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  user_id TEXT COLLATE "C" NOT NULL,
  user_name_key TEXT COLLATE "C" NOT NULL,
  active BOOLEAN NOT NULL,
  document JSONB NOT NULL,
  attributes JSON NOT NULL,
  version INTEGER NOT NULL,
  created BIGINT NOT NULL,
  last_modified BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX access_user_name ON access (tenant, user_name_key);
CREATE INDEX access_inactive ON access (tenant, user_name_key) WHERE NOT active;

CREATE TABLE groups (
  tenant TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  display_name_key TEXT COLLATE "C" NOT NULL,
  document JSONB NOT NULL,
  attributes JSON NOT NULL,
  version INTEGER NOT NULL,
  created BIGINT NOT NULL,
  last_modified BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX groups_display_name ON groups (tenant, display_name_key);

CREATE TABLE group_members (
  tenant TEXT COLLATE "C" NOT NULL,
  group_id TEXT COLLATE "C" NOT NULL,
  member_id TEXT COLLATE "C" NOT NULL,
  member_type TEXT COLLATE "C" NOT NULL CHECK (member_type IN ('User', 'Group'))
);
CREATE INDEX group_members_member ON group_members (tenant, member_id, group_id);
-- Last, because without statistics the planner takes the newest of indexes that look alike, and the
-- members of a group are next to each other in the key only.
ALTER TABLE group_members ADD PRIMARY KEY (tenant, group_id, member_id);

-- What users are looked up by: e-mail addresses by clients, and whatever their names begin with by
-- people who type it. The types are those of the addresses with the value, on a line each; empty if
-- it is no address.
CREATE TABLE access_values (
  tenant TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  access_id TEXT COLLATE "C" NOT NULL,
  types TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, value, access_id)
);

-- A resource is provisioned by the integrations that have a row for it; each has its own externalId, or none.
CREATE TABLE external_ids (
  tenant TEXT COLLATE "C" NOT NULL,
  integration_id TEXT COLLATE "C" NOT NULL,
  resource_id TEXT COLLATE "C" NOT NULL,
  resource_type TEXT COLLATE "C" NOT NULL CHECK (resource_type IN ('User', 'Group')),
  external_id TEXT COLLATE "C",
  PRIMARY KEY (tenant, resource_id, integration_id)
);
-- No two columns of the key lead an index: without statistics the planner would take that one for
-- the key's equal.
CREATE INDEX external_ids_external_id ON external_ids (tenant, external_id, integration_id);
CREATE INDEX external_ids_integration ON external_ids (integration_id, resource_type, tenant, resource_id);

CREATE TABLE integrations (
  tenant TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  cluster_uid TEXT COLLATE "C" NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL,
  namespace_uid TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  uid TEXT COLLATE "C" NOT NULL,
  enabled BOOLEAN NOT NULL,
  allowed BOOLEAN NOT NULL,
  deletion_policy TEXT COLLATE "C" NOT NULL CHECK (deletion_policy IN ('Retain', 'Delete')),
  ended_at BIGINT,
  last_request_at BIGINT,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX integrations_cluster ON integrations (cluster_uid, tenant);

-- What is unique across tenants, which the keys of tables that are distributed by tenant can't
-- enforce: ids of integrations, the custom resources of live ones, and hashes of tokens. The copy
-- of a directory fills it from the other tables.
CREATE TABLE registry (
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('integration', 'owner', 'token')),
  name TEXT COLLATE "C" NOT NULL,
  tenant TEXT COLLATE "C" NOT NULL,
  integration_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (kind, name)
);
CREATE INDEX registry_integration ON registry (integration_id, kind);

-- The namespace that has the tenant by its own name: kept when its integrations are forgotten, so
-- that a tenant's data is not handed to the next owner of a namespace's name, nor to a namespace of
-- that name in another cluster.
CREATE TABLE tenant_owners (
  tenant TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  cluster_uid TEXT COLLATE "C" NOT NULL,
  namespace_uid TEXT COLLATE "C" NOT NULL
);

-- A tenant that a ScimTenant has governed needs one from then on.
CREATE TABLE governed_tenants (
  tenant TEXT COLLATE "C" NOT NULL PRIMARY KEY
);

CREATE TABLE tokens (
  tenant TEXT COLLATE "C" NOT NULL,
  hash TEXT COLLATE "C" NOT NULL,
  integration_id TEXT COLLATE "C" NOT NULL,
  key_id TEXT COLLATE "C" NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT,
  pending BOOLEAN NOT NULL,
  last_used_at BIGINT,
  shown_at BIGINT,
  PRIMARY KEY (tenant, hash)
);
CREATE INDEX tokens_integration ON tokens (tenant, integration_id);

-- People who are signed in to the console, and holders of Kubernetes tokens; only a hash of the
-- secret in their cookie is kept.
CREATE TABLE sessions (
  tenant TEXT COLLATE "C" NOT NULL,
  hash TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('person', 'kubernetes')),
  access_id TEXT COLLATE "C",
  provider TEXT COLLATE "C",
  issuer TEXT COLLATE "C",
  subject TEXT COLLATE "C",
  sid TEXT COLLATE "C",
  holder TEXT COLLATE "C",
  sealed_id_token TEXT COLLATE "C",
  sealed_token TEXT COLLATE "C",
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, hash)
);
CREATE INDEX sessions_access ON sessions (tenant, access_id);
CREATE INDEX sessions_subject ON sessions (issuer, subject);
CREATE INDEX sessions_sid ON sessions (issuer, sid);

-- The account at an identity provider with which a user of a tenant signs in, bound at the first sign-in.
CREATE TABLE identities (
  tenant TEXT COLLATE "C" NOT NULL,
  access_id TEXT COLLATE "C" NOT NULL,
  issuer TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  bound_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, access_id)
);
CREATE UNIQUE INDEX identities_subject ON identities (tenant, issuer, subject);

-- Links that let somebody without access to the cluster set up an identity provider.
CREATE TABLE setup_links (
  hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  tenant TEXT COLLATE "C" NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  integration_uid TEXT COLLATE "C" NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  access_id TEXT COLLATE "C",
  holder TEXT COLLATE "C",
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  token_shown_at BIGINT
);
CREATE INDEX setup_links_integration ON setup_links (integration_uid);

-- Objects that the operator made in clusters, by their UIDs: the only licence to delete one.
CREATE TABLE made_objects (
  cluster_uid TEXT COLLATE "C" NOT NULL,
  maker_kind TEXT COLLATE "C" NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL,
  maker_name TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  uid TEXT COLLATE "C",
  operator TEXT COLLATE "C",
  PRIMARY KEY (cluster_uid, maker_kind, namespace, maker_name, kind, name)
);

-- The last requests of an integration that a process received. The rows are large, and none is in a backup.
CREATE TABLE recent_requests (
  tenant TEXT COLLATE "C" NOT NULL,
  integration_id TEXT COLLATE "C" NOT NULL,
  process TEXT COLLATE "C" NOT NULL,
  written_at BIGINT NOT NULL,
  requests TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, integration_id, process)
);

-- Totals of a tenant, so that a list need not count; spread over slots, so that parallel writers
-- don't wait for one row.
CREATE TABLE counters (
  tenant TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  slot INTEGER NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (tenant, name, slot)
);

CREATE TABLE signing_keys (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);
INSERT INTO signing_keys
VALUES
  ('cursor', encode(sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea), 'hex')),
  ('sealing', encode(sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea), 'hex'));

-- Groups are followed: those in a group and those with an externalId are found without reading its users.
CREATE INDEX group_members_nested ON group_members (tenant, group_id, member_id) WHERE member_type = 'Group';
CREATE INDEX external_ids_group ON external_ids (tenant, external_id) WHERE resource_type = 'Group';

-- Who changed what. Each index slows down every write of SCIM, except that of the few entries of people.
CREATE TABLE activity (
  tenant TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  actor_kind TEXT COLLATE "C" NOT NULL,
  actor_name TEXT COLLATE "C" NOT NULL,
  operation TEXT COLLATE "C" NOT NULL,
  resource_type TEXT COLLATE "C" NOT NULL,
  resource_id TEXT COLLATE "C" NOT NULL,
  resource_name TEXT COLLATE "C" NOT NULL,
  request_id TEXT COLLATE "C",
  version INTEGER,
  before TEXT COLLATE "C",
  after TEXT COLLATE "C",
  moved TEXT COLLATE "C",
  PRIMARY KEY (tenant, id)
);
-- To compress the ids of 1,000 members takes a seventh of what it takes to add them.
ALTER TABLE activity ALTER COLUMN moved SET STORAGE EXTERNAL;
CREATE INDEX activity_resource ON activity (tenant, resource_id, id);
CREATE INDEX activity_people ON activity (tenant, id) WHERE actor_kind <> 'integration';
`;
