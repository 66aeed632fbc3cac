-- A family holds its one live refresh token itself. A rotation writes that row and nothing else: no index changes and
-- nothing grows with use. Refresh tokens of before are over; whoever held one signs in again.
DROP TABLE refresh_tokens;
DROP TABLE refresh_families;

-- One family a code exchange with offline access; tid is the tenant its tokens are for. selector: the part that every
-- token of the family repeats; token_hash: SHA-256 of the live token, until token_expires_at.
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
  selector text COLLATE "C" NOT NULL,
  token_hash text COLLATE "C" NOT NULL,
  token_expires_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX refresh_families_selector ON refresh_families(selector);
CREATE INDEX refresh_families_user ON refresh_families(tenant_id, user_id);
CREATE INDEX refresh_families_session ON refresh_families(tenant_id, session_id);
CREATE INDEX refresh_families_app ON refresh_families(app_id);

-- postgres:
-- Room on each page for the next version of a row: a rotation then touches no index.
ALTER TABLE refresh_families SET (fillfactor = 50);
ALTER TABLE refresh_families ENABLE ROW LEVEL SECURITY;
ALTER TABLE refresh_families FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON refresh_families USING (muster_sees(tenant_id));
-- end
