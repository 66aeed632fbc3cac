-- Passkeys of people without a directory. credential_id: base64url, as the authenticator gave it, unique over all tenants,
-- since somebody who signs in with one has not said who they are; passkey: public key, counter and flags; aaguid: what kind
-- of authenticator it says it is.
CREATE TABLE passkeys (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  credential_id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  aaguid text,
  passkey jsonb NOT NULL,
  created_at bigint NOT NULL,
  last_used_at bigint,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX passkeys_credential ON passkeys(credential_id);
CREATE INDEX passkeys_user ON passkeys(tenant_id, user_id);

-- postgres:
ALTER TABLE passkeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE passkeys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON passkeys USING (muster_sees(tenant_id));
-- end

-- What waits for a person's answer: a challenge for a passkey, used once. bound: to which sign-in of which browser, or to
-- which session. It belongs to no tenant: who answers is not known yet.
CREATE TABLE ceremonies (
  id uuid NOT NULL PRIMARY KEY,
  bound text COLLATE "C" NOT NULL,
  state jsonb NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX ceremonies_age ON ceremonies(expires_at);

-- Wrong tries of somebody's factor, each factor counted by itself. (Passwords are counted by the name that was typed, and
-- one-time codes with the code.)
CREATE TABLE factor_tries (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  factor text NOT NULL CHECK (factor IN ('passkey', 'recovery_code')),
  failures bigint NOT NULL,
  locked_until bigint,
  tried_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id, factor),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX factor_tries_age ON factor_tries(tried_at);

-- postgres:
ALTER TABLE factor_tries ENABLE ROW LEVEL SECURITY;
ALTER TABLE factor_tries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON factor_tries USING (muster_sees(tenant_id));
-- end

-- Recovery codes that are not used yet: each random, 80 bits, and stored as its hash with whose it is.
CREATE TABLE recovery_codes (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  made_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id, hash),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);

-- postgres:
ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE recovery_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON recovery_codes USING (muster_sees(tenant_id));
-- end

-- Whether a password is long enough to be asked for alone; one that was set for use with a second factor may be shorter.
ALTER TABLE passwords ADD COLUMN alone boolean NOT NULL DEFAULT true;

-- Links to set a new password, one for each person at most: the newest.
CREATE TABLE password_resets (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX password_resets_hash ON password_resets(hash);
CREATE INDEX password_resets_age ON password_resets(expires_at);

-- postgres:
ALTER TABLE password_resets ENABLE ROW LEVEL SECURITY;
ALTER TABLE password_resets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON password_resets USING (muster_sees(tenant_id));
-- end

-- Break-glass accounts, of the provider's: armed_until is when one can be used, once; without it, it is sealed.
CREATE TABLE break_glass (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  made_at bigint NOT NULL,
  made_by text NOT NULL,
  armed_until bigint,
  used_at bigint,
  reminded_at bigint,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);

-- postgres:
ALTER TABLE break_glass ENABLE ROW LEVEL SECURITY;
ALTER TABLE break_glass FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON break_glass USING (muster_sees(tenant_id));
-- end
