-- Who answers for what an integration user may use: whoever made it, or chose its permissions last. Demoted below that, it
-- counts for nothing until somebody answers for it who holds it (suspended_at, as of a mapping). made_by_user is NULL for
-- the owner of the data directory; of what was made before this was kept there is no row. app_id stands among the ids of
-- mappings.
CREATE TABLE app_authors (
  tenant_id uuid NOT NULL,
  app_id uuid NOT NULL,
  made_by_tenant uuid,
  made_by_user uuid,
  adopted_by text,
  adopted_at bigint,
  suspended_at bigint,
  PRIMARY KEY (tenant_id, app_id),
  FOREIGN KEY (tenant_id, app_id) REFERENCES apps(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX app_authors_app ON app_authors(app_id);
CREATE INDEX app_authors_made_by ON app_authors(made_by_tenant, made_by_user) WHERE made_by_user IS NOT NULL;

-- postgres:
ALTER TABLE app_authors ENABLE ROW LEVEL SECURITY;
ALTER TABLE app_authors FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON app_authors USING (muster_sees(tenant_id));
-- end
