-- Tries of passwords are counted by what was typed and not by whom there is: one way for names that exist and for names
-- that do not, so that waiting tells neither. tenant_id: where it was typed (the nil id: behind an address).
CREATE TABLE password_tries (
  tenant_id uuid NOT NULL,
  name_hash text COLLATE "C" NOT NULL,
  failures bigint NOT NULL,
  locked_until bigint,
  tried_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, name_hash)
);
CREATE INDEX password_tries_age ON password_tries(tried_at);
ALTER TABLE passwords DROP COLUMN failures;
ALTER TABLE passwords DROP COLUMN locked_until;

-- postgres:
ALTER TABLE password_tries ENABLE ROW LEVEL SECURITY;
ALTER TABLE password_tries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON password_tries USING (muster_sees(tenant_id));
-- end
