-- What somebody looks for in a tenant's audit trail again and again: a query under a name, theirs alone. home: the person's
-- own tenant.
CREATE TABLE audit_views (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  home uuid NOT NULL,
  user_id uuid NOT NULL,
  name text NOT NULL,
  name_key text COLLATE "C" NOT NULL,
  query text NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (home, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX audit_views_name ON audit_views(tenant_id, home, user_id, name_key);
CREATE INDEX audit_views_whose ON audit_views(home, user_id);

-- postgres:
ALTER TABLE audit_views ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_views FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_views USING (muster_sees(tenant_id));
-- end
