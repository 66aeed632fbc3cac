-- Who answers for what an integration user may use: whoever made it, or chose its permissions last. Demoted below that, it
-- counts for nothing until somebody answers for it who holds it (suspended_at, as of a mapping). made_by_user is NULL for
-- the owner of the data directory, and for what was made before this was kept.
ALTER TABLE apps ADD COLUMN made_by_tenant uuid;
ALTER TABLE apps ADD COLUMN made_by_user uuid;
ALTER TABLE apps ADD COLUMN adopted_by text;
ALTER TABLE apps ADD COLUMN suspended_at bigint;
CREATE INDEX apps_made_by ON apps(made_by_tenant, made_by_user) WHERE made_by_user IS NOT NULL;
