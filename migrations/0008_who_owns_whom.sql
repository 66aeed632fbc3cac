-- What is remembered of people who are gone, by the directory that had them, until it has not asked for them for long.
-- why 'deleted': by hand, so that it does not bring them again by itself; 'disabled': it deleted them while they were
-- switched off by hand, so that they come back so.
CREATE TABLE tombstones (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  directory_id uuid NOT NULL,
  why text NOT NULL CHECK (why IN ('deleted', 'disabled')),
  user_id uuid NOT NULL,
  user_name text NOT NULL,
  user_name_key text COLLATE "C" NOT NULL,
  external_id text COLLATE "C",
  made_by text NOT NULL,
  created_at bigint NOT NULL,
  asked_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX tombstones_name ON tombstones(tenant_id, directory_id, user_name_key);
CREATE INDEX tombstones_external ON tombstones(tenant_id, directory_id, external_id);
CREATE INDEX tombstones_age ON tombstones(asked_at);

-- A directory wants to create whom this tenant has already without a directory. user_name and external_id are what it
-- calls them: a decision is about exactly that. reasons: why it is not taken without one.
CREATE TABLE adoptions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  directory_id uuid NOT NULL,
  user_id uuid NOT NULL,
  user_name text NOT NULL,
  external_id text COLLATE "C",
  reasons jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'accepted', 'refused')),
  decided_by text,
  decided_at bigint,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX adoptions_of ON adoptions(tenant_id, directory_id, user_id);
CREATE INDEX adoptions_user ON adoptions(tenant_id, user_id);
-- Each creation looks for people of no directory by their address.
CREATE INDEX users_local_email ON users(tenant_id, email_key) WHERE directory_id IS NULL;

-- postgres:
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['tombstones', 'adoptions']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
