-- The guard of mass changes. A directory's losses: who lost a role through it, and when it was first counted; each
-- person counts once within the window.
CREATE TABLE role_losses (
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  user_id uuid NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (tenant_id, directory_id, user_id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX role_losses_age ON role_losses(at);

-- The sums, in pieces of the window, so that nothing is counted again; people: the tenant had at least so many.
CREATE TABLE loss_windows (
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  pieces jsonb NOT NULL,
  people bigint NOT NULL,
  counted_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, directory_id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);

-- What a directory took away beyond its limits, until somebody decides; one is open for a directory at a time.
CREATE TABLE parked_changes (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  directory_id uuid NOT NULL,
  limits jsonb NOT NULL,
  opened_at bigint NOT NULL,
  last_at bigint NOT NULL,
  reminded_at bigint,
  closed_at bigint,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX parked_changes_open ON parked_changes(tenant_id, directory_id) WHERE closed_at IS NULL;
CREATE INDEX parked_changes_waiting ON parked_changes(opened_at) WHERE closed_at IS NULL;
CREATE INDEX parked_changes_over ON parked_changes(closed_at) WHERE closed_at IS NOT NULL;

-- The roles that are kept meanwhile. gone: the person was deleted, and nothing counts; kept: it was decided that they
-- have the role again if the directory brings them again. group_name: NULL for what was given by hand.
CREATE TABLE parked_roles (
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
  scope text NOT NULL CHECK (scope IN ('tenant', 'all')),
  scope_tenant uuid REFERENCES tenants(id) ON DELETE CASCADE,
  group_name text,
  granted_by text NOT NULL,
  since bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, change_id) REFERENCES parked_changes(tenant_id, id) ON DELETE CASCADE,
  CHECK ((scope = 'all') = (scope_tenant IS NULL))
);
CREATE INDEX parked_roles_user ON parked_roles(tenant_id, user_id);
CREATE INDEX parked_roles_change ON parked_roles(tenant_id, change_id, id);
CREATE INDEX parked_roles_role ON parked_roles(role_id);
CREATE INDEX parked_roles_back ON parked_roles(tenant_id, directory_id, user_name_key) WHERE kept;
CREATE INDEX parked_roles_back_id ON parked_roles(tenant_id, directory_id, external_id) WHERE kept;

-- postgres:
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['role_losses', 'loss_windows', 'parked_changes']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- What gives rights in a tenant may be seen from that tenant too, as grants may.
ALTER TABLE parked_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE parked_roles FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON parked_roles USING (muster_sees(tenant_id) OR muster_sees(scope_tenant))
  WITH CHECK (muster_sees(tenant_id));
-- end
