-- POSTs of the admin API that came under a key of their caller's (Idempotency-Key), for a day. id: caller, tenant, route and
-- key, by a keyed hash; fingerprint: what was asked, likewise; claim: the request that works on it, until its time is over;
-- done_at: set by the transaction that did it; answer: sealed, as it may hold what is shown once. No foreign key and no
-- row-level security: a row is found by what nobody can guess, in the transaction of whatever was asked.
CREATE TABLE repeats (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  fingerprint text COLLATE "C" NOT NULL,
  claim uuid NOT NULL,
  tenant uuid NOT NULL,
  home uuid NOT NULL,
  created_at bigint NOT NULL,
  until bigint NOT NULL,
  done_at bigint,
  answer text
);
CREATE UNIQUE INDEX repeats_claim ON repeats(claim);
CREATE INDEX repeats_age ON repeats(created_at);
CREATE INDEX repeats_tenant ON repeats(tenant);
CREATE INDEX repeats_home ON repeats(home);

-- A tenant that is being deleted: by whom, since when, and how much of it is gone already.
ALTER TABLE tenants ADD COLUMN deleting jsonb;
CREATE INDEX tenants_deleting ON tenants(id) WHERE deleting IS NOT NULL;
-- What a tenant has waiting goes with it, and is found by it.
CREATE INDEX outbox_tenant ON outbox(tenant_id);
