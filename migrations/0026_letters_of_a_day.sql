-- How many letters about invitations were written since a day began: to an address in a tenant, for a tenant, by a person.
-- id: which of these, by a keyed hash; tenant: with which it is forgotten. A row is found by what nobody can guess, so there
-- is no row-level security: a person of the provider's invites in many tenants, and is counted once.
CREATE TABLE letter_counts (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  tenant uuid NOT NULL,
  since bigint NOT NULL,
  letters bigint NOT NULL
);
CREATE INDEX letter_counts_tenant ON letter_counts(tenant);
CREATE INDEX letter_counts_since ON letter_counts(since);

-- What waits behind what: 0 goes at once, 1 after it.
ALTER TABLE outbox ADD COLUMN rank bigint NOT NULL DEFAULT 0;
CREATE INDEX outbox_next ON outbox(rank, not_before) WHERE done_at IS NULL AND dead_at IS NULL;
