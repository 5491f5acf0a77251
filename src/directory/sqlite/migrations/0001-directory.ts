/** Users, groups, integrations and tokens. */
export const sql = `
-- A person or account, global: the id follows from the folded userName. Its key is the name,
-- because ids are as random as hashes, so that each new user would change another page.
CREATE TABLE users (
  id TEXT NOT NULL,
  user_name_key TEXT NOT NULL PRIMARY KEY,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A user in a tenant: the SCIM resource. Filters compare the document: every value in comparable form.
CREATE TABLE access (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  user_name_key TEXT NOT NULL,
  active INTEGER NOT NULL,
  document BLOB NOT NULL,
  attributes TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  last_modified INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE UNIQUE INDEX access_user_name ON access (tenant, user_name_key);
CREATE INDEX access_inactive ON access (tenant, user_name_key) WHERE NOT active;

CREATE TABLE groups (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  display_name_key TEXT NOT NULL,
  document BLOB NOT NULL,
  attributes TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  last_modified INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE UNIQUE INDEX groups_display_name ON groups (tenant, display_name_key);

CREATE TABLE group_members (
  tenant TEXT NOT NULL,
  group_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  member_type TEXT NOT NULL CHECK (member_type IN ('User', 'Group')),
  PRIMARY KEY (tenant, group_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_member ON group_members (tenant, member_id, group_id);

-- What users are looked up by: e-mail addresses by clients, and whatever their names begin with by
-- people who type it. The types are those of the addresses with the value, on a line each; empty if
-- it is no address.
CREATE TABLE access_values (
  tenant TEXT NOT NULL,
  value TEXT NOT NULL,
  access_id TEXT NOT NULL,
  types TEXT NOT NULL,
  PRIMARY KEY (tenant, value, access_id)
) STRICT, WITHOUT ROWID;

-- A resource is provisioned by the integrations that have a row for it; each has its own externalId, or none.
CREATE TABLE external_ids (
  tenant TEXT NOT NULL,
  integration_id TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  resource_type TEXT NOT NULL CHECK (resource_type IN ('User', 'Group')),
  external_id TEXT,
  PRIMARY KEY (tenant, resource_id, integration_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX external_ids_external_id ON external_ids (tenant, external_id, integration_id);
-- It has all that a page of resources reads of them.
CREATE INDEX external_ids_integration ON external_ids (integration_id, tenant, resource_type, resource_id, external_id);

CREATE TABLE integrations (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL PRIMARY KEY,
  cluster_uid TEXT NOT NULL,
  namespace TEXT NOT NULL,
  namespace_uid TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  deletion_policy TEXT NOT NULL CHECK (deletion_policy IN ('Retain', 'Delete')),
  ended_at INTEGER,
  last_request_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX integrations_owner ON integrations (cluster_uid, namespace, name) WHERE ended_at IS NULL;
CREATE INDEX integrations_cluster ON integrations (cluster_uid, tenant);

-- The namespace that has the tenant by its own name: kept when its integrations are forgotten, so
-- that a tenant's data is not handed to the next owner of a namespace's name, nor to a namespace of
-- that name in another cluster.
CREATE TABLE tenant_owners (
  tenant TEXT NOT NULL PRIMARY KEY,
  cluster_uid TEXT NOT NULL,
  namespace_uid TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A tenant that a ScimTenant has governed needs one from then on.
CREATE TABLE governed_tenants (
  tenant TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  tenant TEXT NOT NULL,
  hash TEXT NOT NULL PRIMARY KEY,
  integration_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER,
  pending INTEGER NOT NULL,
  last_used_at INTEGER,
  shown_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_integration ON tokens (integration_id);

-- People who are signed in to the console, and holders of Kubernetes tokens; only a hash of the
-- secret in their cookie is kept.
CREATE TABLE sessions (
  tenant TEXT NOT NULL,
  hash TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('person', 'kubernetes')),
  access_id TEXT,
  provider TEXT,
  issuer TEXT,
  subject TEXT,
  sid TEXT,
  holder TEXT,
  sealed_id_token TEXT,
  sealed_token TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_access ON sessions (tenant, access_id);
CREATE INDEX sessions_subject ON sessions (issuer, subject);
CREATE INDEX sessions_sid ON sessions (issuer, sid);

-- The account at an identity provider with which a user of a tenant signs in, bound at the first sign-in.
CREATE TABLE identities (
  tenant TEXT NOT NULL,
  access_id TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  bound_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, access_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX identities_subject ON identities (tenant, issuer, subject);

-- Links that let somebody without access to the cluster set up an identity provider.
CREATE TABLE setup_links (
  hash TEXT NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  integration_uid TEXT NOT NULL,
  created_by TEXT NOT NULL,
  access_id TEXT,
  holder TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  token_shown_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX setup_links_integration ON setup_links (integration_uid);

-- Objects that the operator made in clusters, by their UIDs: the only licence to delete one.
CREATE TABLE made_objects (
  cluster_uid TEXT NOT NULL,
  maker_kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  maker_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT,
  operator TEXT,
  PRIMARY KEY (cluster_uid, maker_kind, namespace, maker_name, kind, name)
) STRICT, WITHOUT ROWID;

-- The last requests of an integration that a process received. The rows are large, and none is in a backup.
CREATE TABLE recent_requests (
  tenant TEXT NOT NULL,
  integration_id TEXT NOT NULL,
  process TEXT NOT NULL,
  written_at INTEGER NOT NULL,
  requests TEXT NOT NULL,
  PRIMARY KEY (tenant, integration_id, process)
) STRICT;

-- Totals of a tenant, so that a list need not count. The one writer of this database needs one slot.
CREATE TABLE counters (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  slot INTEGER NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (tenant, name, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO signing_keys VALUES
  ('cursor', lower(hex(randomblob(32)))),
  ('sealing', lower(hex(randomblob(32))));

-- Groups are followed: those in a group and those with an externalId are found without reading its users.
CREATE INDEX group_members_nested ON group_members (tenant, group_id, member_id) WHERE member_type = 'Group';
CREATE INDEX external_ids_group ON external_ids (tenant, external_id) WHERE resource_type = 'Group';

-- Who changed what. Each index slows down every write of SCIM, except that of the few entries of
-- people. The entries are numbered in the order in which they are written, and those of a resource
-- are found in each 512 of them, so that the entries of a transaction are near each other in every
-- index.
CREATE TABLE activity (
  seq INTEGER NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  operation TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  request_id TEXT,
  version INTEGER,
  before TEXT,
  after TEXT,
  moved TEXT,
  UNIQUE (tenant, id)
) STRICT;
CREATE INDEX activity_resource ON activity (tenant, seq >> 9, substr(resource_id, -8));
CREATE INDEX activity_people ON activity (tenant, id) WHERE actor_kind <> 'integration';
`;
