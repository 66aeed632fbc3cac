-- domains ------------------------------------------------------------------------------------------------------------
-- An e-mail domain belongs to one tenant: whoever types an address in it is sent to that tenant's ways in.
CREATE TABLE domains (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  name text COLLATE "C" NOT NULL,
  confirmed_by text NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
CREATE UNIQUE INDEX domains_name ON domains(name);
-- Whoever signs in with a password under an address of no such domain is looked for by their name alone.
CREATE INDEX users_local_name_anywhere ON users(user_name_key) WHERE directory_id IS NULL;

-- invitations --------------------------------------------------------------------------------------------------------
-- plan: the roles by tenant that acceptance gives, so far as the inviter still holds them then; left_out: those it did
-- not give, with why. letters: how many were written since letters_from.
CREATE TABLE invitations (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  email text NOT NULL,
  plan jsonb NOT NULL,
  invited_by text NOT NULL,
  invited_by_tenant uuid,
  invited_by_user uuid,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  sent_at bigint,
  letters bigint NOT NULL,
  letters_from bigint NOT NULL,
  accepted_at bigint,
  accepted_by text,
  left_out jsonb,
  revoked_at bigint,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX invitations_hash ON invitations(hash);
CREATE INDEX invitations_user ON invitations(tenant_id, user_id);

-- setup --------------------------------------------------------------------------------------------------------------
-- The one-time link of an instance that has no administrator yet; claimed by one UPDATE.
CREATE TABLE setup_links (
  hash text COLLATE "C" NOT NULL PRIMARY KEY,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint
);

-- what sessions and people have to do with applications --------------------------------------------------------------
-- Which applications got a token in a session: who is told when it ends. The row outlives the session, because a
-- person who was deleted is signed out everywhere as well. claimed_at: a message to the application was written;
-- told_at: it knows.
CREATE TABLE session_apps (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  session_id uuid NOT NULL,
  app_id uuid NOT NULL,
  created_at bigint NOT NULL,
  claimed_at bigint,
  told_at bigint,
  PRIMARY KEY (tenant_id, session_id, app_id)
);
CREATE INDEX session_apps_age ON session_apps(created_at);

-- What a person let an application know and do that is not the platform's own.
CREATE TABLE consents (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  app_id uuid NOT NULL,
  scopes jsonb NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id, app_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX consents_app ON consents(app_id);

-- Client assertions (RFC 7523) that were used, until they would have expired: a second use finds its row.
CREATE TABLE client_assertions (
  hash text COLLATE "C" NOT NULL PRIMARY KEY,
  expires_at bigint NOT NULL
);
CREATE INDEX client_assertions_end ON client_assertions(expires_at);

-- postgres:
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['domains', 'invitations', 'session_apps', 'consents']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
