-- Scopes beside one tenant and the whole instance, and the tags by which tenants are gathered. The column scope says all
-- of it in one canonical text, so that two scopes are the same where their texts are:
--   tenant           in scope_tenant
--   tenants:ID,ID    in each of these
--   tag:WORD         in every tenant that has the tag, as long as it has it
--   every            in every tenant, those to come too, and not on the platform itself
--   except:ID,ID     the same without these
--   all              on the whole instance
-- Ids are written as 32 hexadecimal digits, in order. SQLite changes no CHECK of a table that is there, so the three
-- tables are made anew; row-level security is off meanwhile, as it would hide the rows that are copied. ended_at: when
-- it was noticed that a grant is over, and what relied on it was ended.
ALTER TABLE tenants ADD COLUMN tags jsonb NOT NULL DEFAULT '[]';

-- postgres:
ALTER TABLE grants DISABLE ROW LEVEL SECURITY;
ALTER TABLE mappings DISABLE ROW LEVEL SECURITY;
ALTER TABLE parked_roles DISABLE ROW LEVEL SECURITY;
-- end

CREATE TABLE grants_scoped (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  role_id uuid NOT NULL,
  scope text COLLATE "C" NOT NULL CHECK (scope IN ('tenant', 'all', 'every') OR scope LIKE 'tenants:_%'
    OR scope LIKE 'tag:_%' OR scope LIKE 'except:_%'),
  scope_tenant uuid REFERENCES tenants(id) ON DELETE CASCADE,
  source text NOT NULL CHECK (source IN ('manual', 'invitation', 'elevation', 'bootstrap', 'break_glass', 'hold')),
  source_ref text,
  user_label text NOT NULL,
  granted_by text NOT NULL,
  reason text,
  valid_from bigint NOT NULL,
  valid_to bigint,
  created_at bigint NOT NULL,
  ended_at bigint,
  PRIMARY KEY (tenant_id, id),
  CHECK ((scope = 'tenant') = (scope_tenant IS NOT NULL))
);
INSERT INTO grants_scoped (tenant_id, id, user_id, role_id, scope, scope_tenant, source, source_ref, user_label,
                           granted_by, reason, valid_from, valid_to, created_at)
SELECT tenant_id, id, user_id, role_id, scope, scope_tenant, source, source_ref, user_label, granted_by, reason,
       valid_from, valid_to, created_at
FROM grants;
DROP TABLE grants;
ALTER TABLE grants_scoped RENAME TO grants;
CREATE INDEX grants_user ON grants(tenant_id, user_id);
CREATE INDEX grants_scope ON grants(scope_tenant, id);
CREATE UNIQUE INDEX grants_id ON grants(id);
CREATE INDEX grants_role ON grants(role_id);
CREATE INDEX grants_ending ON grants(valid_to) WHERE valid_to IS NOT NULL AND ended_at IS NULL;
CREATE INDEX grants_beyond ON grants(id) WHERE scope_tenant IS NULL;

-- A tenant's directory cannot reach beyond its tenant: by schema, as before.
CREATE TABLE mappings_scoped (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  provider boolean NOT NULL,
  directory_id uuid NOT NULL,
  group_id uuid NOT NULL,
  role_id uuid NOT NULL,
  scope text COLLATE "C" NOT NULL CHECK (scope IN ('tenant', 'all', 'every') OR scope LIKE 'tenants:_%'
    OR scope LIKE 'tag:_%' OR scope LIKE 'except:_%'),
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
  CHECK ((scope = 'tenant') = (scope_tenant IS NOT NULL)),
  CHECK (provider OR (scope = 'tenant' AND scope_tenant = tenant_id))
);
INSERT INTO mappings_scoped (tenant_id, id, provider, directory_id, group_id, role_id, scope, scope_tenant, created_by,
                             created_by_tenant, created_by_user, version, created_at, updated_at)
SELECT tenant_id, id, provider, directory_id, group_id, role_id, scope, scope_tenant, created_by, created_by_tenant,
       created_by_user, version, created_at, updated_at
FROM mappings;
DROP TABLE mappings;
ALTER TABLE mappings_scoped RENAME TO mappings;
-- Of one tenant; a long list of tenants is no key of an index, and the group's lock stands for it.
CREATE UNIQUE INDEX mappings_same ON mappings(tenant_id, group_id, role_id, scope_tenant) WHERE scope = 'tenant';
CREATE INDEX mappings_group ON mappings(tenant_id, group_id, role_id);
CREATE INDEX mappings_scope ON mappings(scope_tenant);
CREATE INDEX mappings_role ON mappings(role_id);
CREATE INDEX mappings_beyond ON mappings(id) WHERE scope_tenant IS NULL;

CREATE TABLE parked_roles_scoped (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  change_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  user_id uuid NOT NULL,
  user_label text NOT NULL,
  user_name_key text COLLATE "C" NOT NULL,
  external_id text COLLATE "C",
  gone boolean NOT NULL,
  kept boolean NOT NULL,
  kept_by text,
  reason text,
  role_id uuid NOT NULL,
  scope text COLLATE "C" NOT NULL CHECK (scope IN ('tenant', 'all', 'every') OR scope LIKE 'tenants:_%'
    OR scope LIKE 'tag:_%' OR scope LIKE 'except:_%'),
  scope_tenant uuid REFERENCES tenants(id) ON DELETE CASCADE,
  group_name text,
  granted_by text NOT NULL,
  since bigint NOT NULL,
  created_at bigint NOT NULL,
  source text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, change_id) REFERENCES parked_changes(tenant_id, id) ON DELETE CASCADE,
  CHECK ((scope = 'tenant') = (scope_tenant IS NOT NULL))
);
INSERT INTO parked_roles_scoped (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key, external_id,
                                 gone, kept, kept_by, reason, role_id, scope, scope_tenant, group_name, granted_by,
                                 since, created_at, source)
SELECT tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key, external_id, gone, kept, kept_by,
       reason, role_id, scope, scope_tenant, group_name, granted_by, since, created_at, source
FROM parked_roles;
DROP TABLE parked_roles;
ALTER TABLE parked_roles_scoped RENAME TO parked_roles;
CREATE INDEX parked_roles_user ON parked_roles(tenant_id, user_id);
CREATE INDEX parked_roles_change ON parked_roles(tenant_id, change_id, id);
CREATE INDEX parked_roles_role ON parked_roles(role_id);
CREATE INDEX parked_roles_back ON parked_roles(tenant_id, directory_id, user_name_key) WHERE kept;
CREATE INDEX parked_roles_back_id ON parked_roles(tenant_id, directory_id, external_id) WHERE kept;

-- postgres:
ALTER TABLE grants RENAME CONSTRAINT grants_scoped_pkey TO grants_pkey;
ALTER TABLE mappings RENAME CONSTRAINT mappings_scoped_pkey TO mappings_pkey;
ALTER TABLE parked_roles RENAME CONSTRAINT parked_roles_scoped_pkey TO parked_roles_pkey;
-- What gives rights in a tenant may be seen from that tenant too.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['grants', 'mappings', 'parked_roles'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id) OR muster_sees(scope_tenant))
                    WITH CHECK (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
