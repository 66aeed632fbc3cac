-- Who answers for what keeps giving rights: for a mapping whoever made it (created_by_tenant, created_by_user) or has
-- adopted it since. granted: what it gave then, as far as its author is asked whether they still hold it; suspended_at:
-- when it was noticed that they do not.
ALTER TABLE mappings ADD COLUMN granted jsonb;
ALTER TABLE mappings ADD COLUMN adopted_by text;
ALTER TABLE mappings ADD COLUMN adopted_at bigint;
ALTER TABLE mappings ADD COLUMN suspended_at bigint;
CREATE INDEX mappings_author ON mappings(created_by_tenant, created_by_user) WHERE created_by_user IS NOT NULL;
