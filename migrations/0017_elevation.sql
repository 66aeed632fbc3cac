-- Roles that somebody may hold for a while, when they need them. An eligibility gives nothing by itself: whoever has it
-- asks (elevations), somebody else decides, and a grant with an end comes of it. tenant_id is the person's own and scope is
-- written as in grants.
CREATE TABLE eligibilities (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  user_label text NOT NULL,
  role_id uuid NOT NULL,
  scope text COLLATE "C" NOT NULL CHECK (scope IN ('tenant', 'all', 'every') OR scope LIKE 'tenants:_%'
    OR scope LIKE 'tag:_%' OR scope LIKE 'except:_%'),
  scope_tenant uuid REFERENCES tenants(id) ON DELETE CASCADE,
  max_minutes bigint NOT NULL CHECK (max_minutes > 0),
  granted_by text NOT NULL,
  reason text,
  valid_to bigint,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE,
  CHECK ((scope = 'tenant') = (scope_tenant IS NOT NULL))
);
CREATE INDEX eligibilities_user ON eligibilities(tenant_id, user_id);
CREATE INDEX eligibilities_scope ON eligibilities(scope_tenant, id);
CREATE UNIQUE INDEX eligibilities_id ON eligibilities(id);
CREATE INDEX eligibilities_role ON eligibilities(role_id);

-- What was asked for, and what became of it; kept when the eligibility is withdrawn. state is what was decided: whether
-- what was approved still runs, the grant says.
CREATE TABLE elevations (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  eligibility_id uuid NOT NULL,
  user_id uuid NOT NULL,
  user_label text NOT NULL,
  role_id uuid NOT NULL,
  scope text COLLATE "C" NOT NULL CHECK (scope IN ('tenant', 'all', 'every') OR scope LIKE 'tenants:_%'
    OR scope LIKE 'tag:_%' OR scope LIKE 'except:_%'),
  scope_tenant uuid REFERENCES tenants(id) ON DELETE CASCADE,
  minutes bigint NOT NULL CHECK (minutes > 0),
  reason text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'approved', 'refused', 'expired', 'cancelled', 'withdrawn')),
  asked_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  decided_at bigint,
  decided_by text,
  decided_reason text,
  grant_id uuid,
  until bigint,
  PRIMARY KEY (tenant_id, id),
  CHECK ((scope = 'tenant') = (scope_tenant IS NOT NULL)),
  CHECK ((state = 'approved') = (grant_id IS NOT NULL))
);
CREATE INDEX elevations_user ON elevations(tenant_id, user_id, id);
CREATE INDEX elevations_scope ON elevations(scope_tenant, id);
CREATE UNIQUE INDEX elevations_id ON elevations(id);
CREATE INDEX elevations_eligibility ON elevations(tenant_id, eligibility_id);
CREATE UNIQUE INDEX elevations_open ON elevations(tenant_id, eligibility_id) WHERE state = 'open';
-- (By what is set with the state: whoever asks for what is open by a key must not take this index for the fewest rows.)
CREATE INDEX elevations_late ON elevations(expires_at) WHERE decided_at IS NULL;

-- postgres:
-- What gives rights in a tenant may be seen from that tenant too, as grants may.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['eligibilities', 'elevations'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id) OR muster_sees(scope_tenant))
                    WITH CHECK (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
