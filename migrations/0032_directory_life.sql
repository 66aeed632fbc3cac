-- How far the sign-in half of a directory has come: a draft is offered to nobody, one that is being tested neither; enforced:
-- it is the only way in for its people. secret_told: which reminder that the client secret ends was the last, as the moment
-- that it was due.
ALTER TABLE directories ADD COLUMN stage text NOT NULL DEFAULT 'active'
  CHECK (stage IN ('draft', 'testing', 'active', 'enforced'));
ALTER TABLE directories ADD COLUMN secret_expires_at bigint;
ALTER TABLE directories ADD COLUMN secret_told bigint;
CREATE INDEX directories_secret ON directories(secret_expires_at) WHERE secret_expires_at IS NOT NULL;

-- Test logins: of each who asked for one, the last. result: the names of the claims and what follows, and nothing of who
-- signed in.
CREATE TABLE signin_tests (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  directory_id uuid NOT NULL,
  hash text COLLATE "C" NOT NULL,
  asked_by text COLLATE "C" NOT NULL,
  generation bigint NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  opened_at bigint,
  ended_at bigint,
  passed boolean NOT NULL DEFAULT false,
  result jsonb NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, directory_id) REFERENCES directories(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX signin_tests_hash ON signin_tests(hash);
CREATE UNIQUE INDEX signin_tests_whose ON signin_tests(tenant_id, directory_id, asked_by);

-- The last success and the last failure of a directory.
CREATE INDEX signins_directory ON signins(tenant_id, directory_id, id) WHERE directory_id IS NOT NULL;

-- postgres:
ALTER TABLE signin_tests ENABLE ROW LEVEL SECURITY;
ALTER TABLE signin_tests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON signin_tests USING (muster_sees(tenant_id));
-- end
