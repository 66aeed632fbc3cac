-- What directories asked by SCIM and were answered. Written in batches by one writer a process; no foreign keys: an entry
-- may arrive after its directory went, and is swept then. id tells the time. method is empty where entries are missing:
-- lost says how many. name_key, external_key: userName and externalId by a keyed hash, to be looked for and not read.
-- kept: what of the bodies is there. status: none where the client went away before the answer.
CREATE TABLE provisioning_log (
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  id uuid NOT NULL,
  at bigint NOT NULL,
  request uuid NOT NULL,
  method text NOT NULL,
  path text NOT NULL,
  query text,
  status bigint,
  scim_type text,
  detail text,
  resource text,
  resource_id uuid,
  name_key text COLLATE "C",
  external_key text COLLATE "C",
  outcomes jsonb NOT NULL,
  ignored boolean NOT NULL,
  changed jsonb NOT NULL,
  kept text NOT NULL CHECK (kept IN ('full', 'redacted', 'off', 'large', 'unreadable', 'none')),
  headers jsonb NOT NULL,
  agent text,
  took bigint NOT NULL,
  replay_of uuid,
  lost bigint NOT NULL,
  body text,
  answer text,
  PRIMARY KEY (tenant_id, directory_id, id)
);

-- How a directory's provisioning is; alarms: what administrators were told, and since when it is so.
CREATE TABLE provisioning_health (
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  last_request_at bigint,
  last_success_at bigint,
  last_error_at bigint,
  last_error jsonb,
  last_denied_at bigint,
  last_denied text,
  last_lost_at bigint,
  alarms jsonb NOT NULL,
  PRIMARY KEY (tenant_id, directory_id)
);

-- Requests counted in slots of five minutes, for a few days.
CREATE TABLE provisioning_counts (
  tenant_id uuid NOT NULL,
  directory_id uuid NOT NULL,
  slot bigint NOT NULL,
  requests bigint NOT NULL,
  errors bigint NOT NULL,
  ignored bigint NOT NULL,
  denied bigint NOT NULL,
  lost bigint NOT NULL,
  PRIMARY KEY (tenant_id, directory_id, slot)
);

-- postgres:
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['provisioning_log', 'provisioning_health', 'provisioning_counts']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
