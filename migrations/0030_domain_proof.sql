-- How a domain came to be a tenant's: by hand, or by a record in DNS, which is looked for again every day. lost_at: since
-- when it is not there any more; lapsed: for so long that nobody new is let in by it.
ALTER TABLE domains ADD COLUMN method text NOT NULL DEFAULT 'hand' CHECK (method IN ('hand', 'dns'));
ALTER TABLE domains ADD COLUMN checked_at bigint;
ALTER TABLE domains ADD COLUMN lost_at bigint;
ALTER TABLE domains ADD COLUMN lapsed boolean NOT NULL DEFAULT false;
CREATE INDEX domains_due ON domains(checked_at) WHERE method = 'dns';

-- What a tenant says is its domain: the text that its owner is to publish. It stays when the proof was found: the same text
-- is looked for again.
CREATE TABLE domain_claims (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  name text COLLATE "C" NOT NULL,
  token text NOT NULL,
  asked_by text NOT NULL,
  created_at bigint NOT NULL,
  checked_at bigint,
  found text,
  PRIMARY KEY (tenant_id, name)
);

-- postgres:
ALTER TABLE domain_claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE domain_claims FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON domain_claims USING (muster_sees(tenant_id));
-- end
