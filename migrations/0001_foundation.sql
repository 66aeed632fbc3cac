-- One text for both databases, in PostgreSQL's spelling. SQLite's is made from it by src/store/migrate.rs: five words
-- replaced (uuid, boolean, bigint, jsonb, COLLATE "C"), STRICT added, the sections between "-- postgres:" and "-- end"
-- left out. Times are microseconds since 1970 in UTC. Every table of a tenant leads its keys with tenant_id.

-- tenants ------------------------------------------------------------------------------------------------------------
CREATE TABLE tenants (
  id uuid NOT NULL PRIMARY KEY,
  slug text COLLATE "C" NOT NULL,
  name text NOT NULL,
  provider boolean NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'suspended')),
  policy jsonb NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE UNIQUE INDEX tenants_slug ON tenants(slug);
CREATE UNIQUE INDEX tenants_one_provider ON tenants(provider) WHERE provider;
CREATE UNIQUE INDEX tenants_kind ON tenants(id, provider);

-- directories --------------------------------------------------------------------------------------------------------
CREATE TABLE directories (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  name text NOT NULL,
  preset text NOT NULL CHECK (preset IN ('entra', 'okta', 'google', 'generic')),
  status text NOT NULL CHECK (status IN ('active', 'disabled')),
  provisioning jsonb NOT NULL,
  issuer text,
  client_id text,
  client_secret text,
  signin jsonb NOT NULL,
  generation bigint NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX directories_id ON directories(id);

CREATE TABLE scim_tokens (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  directory_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  hint text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint,
  last_used_at bigint,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX scim_tokens_hash ON scim_tokens(hash);
CREATE INDEX scim_tokens_directory ON scim_tokens(tenant_id, directory_id);

-- users --------------------------------------------------------------------------------------------------------------
-- active: what the directory says; enabled: the switch by hand. Both must be true.
CREATE TABLE users (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  directory_id uuid,
  kind text NOT NULL CHECK (kind IN ('administrator', 'technician', 'tenant', 'integration')),
  user_name text NOT NULL,
  user_name_key text COLLATE "C" NOT NULL,
  external_id text COLLATE "C",
  display_name text,
  email text,
  email_key text COLLATE "C",
  active boolean NOT NULL,
  enabled boolean NOT NULL,
  doc jsonb NOT NULL,
  folded jsonb NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX users_name ON users(tenant_id, directory_id, user_name_key) WHERE directory_id IS NOT NULL;
CREATE UNIQUE INDEX users_local_name ON users(tenant_id, user_name_key) WHERE directory_id IS NULL;
CREATE INDEX users_external ON users(tenant_id, directory_id, external_id);
CREATE INDEX users_email ON users(tenant_id, email_key);
CREATE INDEX users_page ON users(tenant_id, directory_id, created_at, id);
CREATE INDEX users_modified ON users(tenant_id, directory_id, updated_at);

CREATE TABLE user_emails (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  seq bigint NOT NULL,
  value_key text COLLATE "C" NOT NULL,
  type_key text COLLATE "C",
  PRIMARY KEY (tenant_id, user_id, seq),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX user_emails_value ON user_emails(tenant_id, value_key);

-- login identities: never an e-mail address. For Entra the issuer is the tenant's and the subject is oid.
CREATE TABLE identities (
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  issuer text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  user_id uuid NOT NULL,
  created_at bigint NOT NULL,
  last_login_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, directory_id, issuer, subject),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX identities_user ON identities(tenant_id, user_id);

-- groups -------------------------------------------------------------------------------------------------------------
-- unique_key is the folded display name where the directory keeps names unique, NULL where it does not.
CREATE TABLE groups (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  directory_id uuid NOT NULL,
  display_name text NOT NULL,
  display_key text COLLATE "C" NOT NULL,
  unique_key text COLLATE "C",
  external_id text COLLATE "C",
  doc jsonb NOT NULL,
  folded jsonb NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX groups_name ON groups(tenant_id, directory_id, unique_key);
CREATE INDEX groups_display ON groups(tenant_id, directory_id, display_key);
CREATE INDEX groups_external ON groups(tenant_id, directory_id, external_id);
CREATE INDEX groups_page ON groups(tenant_id, directory_id, created_at, id);

CREATE TABLE members (
  tenant_id uuid NOT NULL,
  group_id uuid NOT NULL,
  user_id uuid NOT NULL,
  added_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, group_id, user_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES groups(tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX members_user ON members(tenant_id, user_id);

-- access -------------------------------------------------------------------------------------------------------------
-- Built-in roles are in config/roles.toml with fixed ids; these are the custom ones. offered: the provider's, for all.
CREATE TABLE roles (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  name text NOT NULL,
  name_key text COLLATE "C" NOT NULL,
  description text NOT NULL,
  offered boolean NOT NULL,
  permissions jsonb NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX roles_name ON roles(tenant_id, name_key);
CREATE UNIQUE INDEX roles_id ON roles(id);
CREATE INDEX roles_offered ON roles(offered);

-- tenant_id is the user's tenant. scope 'tenant': in scope_tenant; 'all': in every tenant (and the platform itself).
-- A hold has no foreign key to its user: it is what is left of a role whose holder a directory took away.
CREATE TABLE grants (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  role_id uuid NOT NULL,
  scope text NOT NULL CHECK (scope IN ('tenant', 'all')),
  scope_tenant uuid REFERENCES tenants(id) ON DELETE CASCADE,
  source text NOT NULL CHECK (source IN ('manual', 'invitation', 'elevation', 'bootstrap', 'break_glass', 'hold')),
  source_ref text,
  user_label text NOT NULL,
  granted_by text NOT NULL,
  reason text,
  valid_from bigint NOT NULL,
  valid_to bigint,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((scope = 'all') = (scope_tenant IS NULL))
);
CREATE INDEX grants_user ON grants(tenant_id, user_id);
CREATE INDEX grants_scope ON grants(scope_tenant, id);
CREATE UNIQUE INDEX grants_id ON grants(id);
CREATE INDEX grants_role ON grants(role_id);

-- A tenant's directory cannot reach beyond its tenant: by schema. provider is held equal to the tenant's own column by
-- the foreign key, and a scope beyond the own tenant is refused without it.
CREATE TABLE mappings (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  provider boolean NOT NULL,
  directory_id uuid NOT NULL,
  group_id uuid NOT NULL,
  role_id uuid NOT NULL,
  scope text NOT NULL CHECK (scope IN ('tenant', 'all')),
  scope_tenant uuid REFERENCES tenants(id) ON DELETE CASCADE,
  created_by text NOT NULL,
  created_by_tenant uuid,
  created_by_user uuid,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, provider) REFERENCES tenants(id, provider) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, group_id) REFERENCES groups(tenant_id, id) ON DELETE CASCADE,
  CHECK ((scope = 'all') = (scope_tenant IS NULL)),
  CHECK (provider OR (scope = 'tenant' AND scope_tenant = tenant_id))
);
CREATE UNIQUE INDEX mappings_same ON mappings(tenant_id, group_id, role_id, scope, scope_tenant);
CREATE INDEX mappings_scope ON mappings(scope_tenant);
CREATE INDEX mappings_role ON mappings(role_id);

-- applications and integration clients -------------------------------------------------------------------------------
-- kind 'app': an OpenID client of ours; 'integration': the credentials of an integration user (user_id).
CREATE TABLE apps (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('app', 'integration')),
  user_id uuid,
  client_id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  public boolean NOT NULL,
  platform boolean NOT NULL,
  settings jsonb NOT NULL,
  enabled boolean NOT NULL,
  created_by text NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE,
  CHECK ((kind = 'integration') = (user_id IS NOT NULL))
);
CREATE UNIQUE INDEX apps_client_id ON apps(client_id);
CREATE UNIQUE INDEX apps_id ON apps(id);
CREATE UNIQUE INDEX apps_user ON apps(tenant_id, user_id);

CREATE TABLE app_secrets (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  app_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  hint text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint,
  last_used_at bigint,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, app_id) REFERENCES apps(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX app_secrets_app ON app_secrets(tenant_id, app_id);

-- local credentials --------------------------------------------------------------------------------------------------
CREATE TABLE passwords (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  hash text NOT NULL,
  failures bigint NOT NULL,
  locked_until bigint,
  changed_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE one_time_codes (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  secret text NOT NULL,
  last_step bigint NOT NULL,
  failures bigint NOT NULL,
  locked_until bigint,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);

-- sessions and what hangs on them ------------------------------------------------------------------------------------
-- tenant_id is the user's tenant; acting_tenant is the one chosen to act in.
CREATE TABLE sessions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  acting_tenant uuid NOT NULL,
  directory_id uuid,
  class text NOT NULL,
  evidence jsonb NOT NULL,
  auth_time bigint NOT NULL,
  client jsonb NOT NULL,
  created_at bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at bigint,
  ended_why text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX sessions_hash ON sessions(hash);
CREATE INDEX sessions_user ON sessions(tenant_id, user_id);
CREATE INDEX sessions_end ON sessions(expires_at);

-- Counted up by every revocation; an access token carries those of its tenant, application and user (subject is the id
-- of either). No row: 0.
CREATE TABLE epochs (
  tenant_id uuid NOT NULL,
  subject uuid NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (tenant_id, subject)
);

-- One family a code exchange with offline access; tid is the tenant its tokens are for.
CREATE TABLE refresh_families (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  session_id uuid,
  app_id uuid NOT NULL,
  tid uuid NOT NULL,
  scopes jsonb NOT NULL,
  context jsonb NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at bigint,
  ended_why text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX refresh_families_user ON refresh_families(tenant_id, user_id);
CREATE INDEX refresh_families_session ON refresh_families(tenant_id, session_id);
CREATE INDEX refresh_families_app ON refresh_families(app_id);

CREATE TABLE refresh_tokens (
  tenant_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  family_id uuid NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint,
  PRIMARY KEY (tenant_id, hash),
  FOREIGN KEY (tenant_id, family_id) REFERENCES refresh_families(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX refresh_tokens_hash ON refresh_tokens(hash);
CREATE INDEX refresh_tokens_family ON refresh_tokens(tenant_id, family_id);

-- Access tokens that were revoked one by one (RFC 7009), until they would have expired.
CREATE TABLE revoked_tokens (
  jti text COLLATE "C" NOT NULL PRIMARY KEY,
  expires_at bigint NOT NULL
);
CREATE INDEX revoked_tokens_end ON revoked_tokens(expires_at);

-- what a sign-in or an authorization has in flight (flows) -----------------------------------------------------------
CREATE TABLE flows (
  id uuid NOT NULL PRIMARY KEY,
  kind text NOT NULL,
  browser text COLLATE "C" NOT NULL,
  state jsonb NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX flows_end ON flows(expires_at);

-- The state parameter of a redirect to an upstream provider; claimed by one DELETE ... RETURNING.
CREATE TABLE upstream_states (
  hash text COLLATE "C" NOT NULL PRIMARY KEY,
  flow_id uuid NOT NULL REFERENCES flows(id) ON DELETE CASCADE,
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  generation bigint NOT NULL,
  nonce text NOT NULL,
  verifier text NOT NULL,
  request jsonb NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX upstream_states_end ON upstream_states(expires_at);

-- Authorization codes; used_at is set by one compare-and-set, and a second use ends family_id and the session's tokens.
CREATE TABLE codes (
  hash text COLLATE "C" NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  session_id uuid NOT NULL,
  app_id uuid NOT NULL,
  tid uuid NOT NULL,
  request jsonb NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint,
  family_id uuid,
  jti text,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX codes_end ON codes(expires_at);

-- keys ---------------------------------------------------------------------------------------------------------------
CREATE TABLE signing_keys (
  id uuid NOT NULL PRIMARY KEY,
  kid text COLLATE "C" NOT NULL,
  alg text NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'active', 'retired')),
  private text NOT NULL,
  public jsonb NOT NULL,
  created_at bigint NOT NULL,
  active_at bigint,
  retired_at bigint
);
CREATE UNIQUE INDEX signing_keys_kid ON signing_keys(kid);

-- the flight recorder of sign-ins ------------------------------------------------------------------------------------
CREATE TABLE signins (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  reference text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  directory_id uuid,
  user_id uuid,
  outcome text NOT NULL CHECK (outcome IN ('success', 'refused', 'failed')),
  reason text,
  detail jsonb NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX signins_reference ON signins(reference);

-- audit and outbox ---------------------------------------------------------------------------------------------------
-- Personal data stands apart from what is hashed: digest covers the event and, of the personal part, a salted commitment.
CREATE TABLE audit_events (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  at bigint NOT NULL,
  action text COLLATE "C" NOT NULL,
  actor text COLLATE "C" NOT NULL,
  acting_tenant uuid,
  target text COLLATE "C",
  request uuid NOT NULL,
  detail jsonb NOT NULL,
  commitment text NOT NULL,
  digest text NOT NULL,
  tx bigint NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_events_target ON audit_events(tenant_id, target);

CREATE TABLE audit_personal (
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL,
  salt text NOT NULL,
  data jsonb NOT NULL,
  PRIMARY KEY (tenant_id, event_id),
  FOREIGN KEY (tenant_id, event_id) REFERENCES audit_events(tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE outbox (
  id uuid NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL,
  topic text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL,
  tx bigint NOT NULL,
  created_at bigint NOT NULL,
  not_before bigint NOT NULL,
  attempts bigint NOT NULL,
  leased_until bigint,
  done_at bigint,
  dead_at bigint,
  last_error text
);
CREATE INDEX outbox_waiting ON outbox(not_before) WHERE done_at IS NULL AND dead_at IS NULL;

-- the change feed of several nodes -----------------------------------------------------------------------------------
CREATE TABLE changes (
  id uuid NOT NULL PRIMARY KEY,
  tx bigint NOT NULL,
  node uuid NOT NULL,
  topics jsonb NOT NULL
);
CREATE INDEX changes_tx ON changes(tx);

-- postgres:
CREATE FUNCTION rarray(anyarray) RETURNS TABLE(value anyelement) LANGUAGE sql IMMUTABLE AS 'SELECT unnest($1)';

-- Row-level security stands behind the tenant in every statement: a connection sees the tenants in muster.scope, or
-- all of them where that is '*'. FORCE: the owner of the tables is bound as well.
CREATE FUNCTION muster_sees(t uuid) RETURNS boolean LANGUAGE sql STABLE AS
  $$ SELECT coalesce(current_setting('muster.scope', true) = '*'
     OR strpos(current_setting('muster.scope', true), t::text) > 0, false) $$;
DO $$
DECLARE t text;
BEGIN
  FOR t IN SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables b
             ON b.table_schema = c.table_schema AND b.table_name = c.table_name AND b.table_type = 'BASE TABLE'
           WHERE c.table_schema = current_schema() AND c.column_name = 'tenant_id'
             AND c.table_name NOT IN ('grants', 'mappings')
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
  -- What gives rights in a tenant may be seen from that tenant too.
  FOREACH t IN ARRAY ARRAY['grants', 'mappings'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id) OR muster_sees(scope_tenant))
                    WITH CHECK (muster_sees(tenant_id))', t);
  END LOOP;
  ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
  ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
  CREATE POLICY tenant ON tenants USING (muster_sees(id));
END $$;
-- end
