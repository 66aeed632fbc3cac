-- When the person last asked for a new link in place of a dead one.
ALTER TABLE invitations ADD COLUMN asked_at bigint;

-- Addresses that a mail provider says letters come back from, or whose reader calls them unwanted: no letter about an
-- invitation is written there until somebody clears it. address_key: folded, the domain in ASCII.
CREATE TABLE suppressed_addresses (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  id uuid NOT NULL,
  address_key text COLLATE "C" NOT NULL,
  email text NOT NULL,
  why text NOT NULL CHECK (why IN ('bounced', 'complained')),
  invitation_id uuid NOT NULL,
  noted_by text NOT NULL,
  noted_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX suppressed_addresses_address ON suppressed_addresses(tenant_id, address_key);

-- postgres:
ALTER TABLE suppressed_addresses ENABLE ROW LEVEL SECURITY;
ALTER TABLE suppressed_addresses FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON suppressed_addresses USING (muster_sees(tenant_id));
-- end

-- How a tenant's letters look: the name they are from, where answers go, the button's colour, the language.
CREATE TABLE letter_settings (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  display_name text,
  reply_to text,
  colour text,
  locale text,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id)
);
-- The language of this invitation's letters, where it is not the tenant's.
ALTER TABLE invitations ADD COLUMN locale text;

-- postgres:
ALTER TABLE letter_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE letter_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON letter_settings USING (muster_sees(tenant_id));
-- end
