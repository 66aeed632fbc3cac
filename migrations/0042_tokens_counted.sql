-- How many access tokens the gate gave and refused, by UTC day and client: tenant_id is the tenant that they are for, the
-- client may be another's. No client's row is pointed to: what was counted stays when a client goes.
CREATE TABLE token_counts (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  day bigint NOT NULL,
  app_id uuid NOT NULL,
  integration boolean NOT NULL,
  issued bigint NOT NULL,
  refused bigint NOT NULL,
  PRIMARY KEY (tenant_id, day, app_id)
);
CREATE INDEX token_counts_day ON token_counts(day);

-- postgres:
ALTER TABLE token_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE token_counts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON token_counts USING (muster_sees(tenant_id));
-- end
