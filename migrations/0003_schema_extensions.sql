-- Extensions of the user schema that a tenant's administrator declared. Their values stand in users.doc, under the URN.
CREATE TABLE schema_extensions (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  urn_key text COLLATE "C" NOT NULL,
  declaration jsonb NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, urn_key)
);

-- postgres:
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['schema_extensions']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
