-- The id token of the sign-in that a session began with, sealed: the provider's own logout wants to see it again. Kept only
-- where the directory's settings have sign-outs go on there, and as long as the session's row.
CREATE TABLE session_hints (
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL,
  hint text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, session_id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES sessions(tenant_id, id) ON DELETE CASCADE
);

-- postgres:
ALTER TABLE session_hints ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_hints FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON session_hints USING (muster_sees(tenant_id));
-- end
