-- What the provider calls the session in which somebody proved who they are (sid): its own logout names it.
ALTER TABLE sessions ADD COLUMN upstream_sid text COLLATE "C";
CREATE INDEX sessions_upstream ON sessions(tenant_id, directory_id, upstream_sid)
  WHERE upstream_sid IS NOT NULL AND ended_at IS NULL;

-- What providers said after the sign-in (logout tokens, security events) and was taken: each counts once.
CREATE TABLE signals_taken (
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  jti_hash text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, directory_id, jti_hash),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX signals_taken_until ON signals_taken(expires_at);

-- The stream of security events that a directory's provider sends us: who signs them, for whom they are, what is done about
-- them, and how the stream does. push_hash: of the secret it pushes with; poll_token: sealed.
CREATE TABLE signal_streams (
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  settings jsonb NOT NULL,
  push_hash text COLLATE "C",
  poll_token text,
  verified_at bigint,
  last_at bigint,
  last_event text,
  failed_at bigint,
  failure text,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, directory_id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);

-- postgres:
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['signals_taken', 'signal_streams'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
