-- Links by which a company's IT staff set one directory up, and reach nothing else. author_tenant, author: whose rights they
-- have part in; null for the owner of the data directory.
CREATE TABLE portals (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  directory_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  note text COLLATE "C" NOT NULL,
  made_by text COLLATE "C" NOT NULL,
  author_tenant uuid,
  author uuid,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX portals_hash ON portals(hash);
CREATE INDEX portals_directory ON portals(tenant_id, directory_id, created_at);

-- postgres:
ALTER TABLE portals ENABLE ROW LEVEL SECURITY;
ALTER TABLE portals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON portals USING (muster_sees(tenant_id));
-- end
