-- What a person calls a session of theirs; for people only.
ALTER TABLE sessions ADD COLUMN name text;
-- Sessions that act in another tenant than their person's: that tenant's policy holds for them as well.
CREATE INDEX sessions_elsewhere ON sessions(acting_tenant) WHERE ended_why IS NULL AND acting_tenant <> tenant_id;
-- When a family's token was last used, and when the time before: a tenant may allow less idleness than the instance does.
-- Unknown of those that run now, until they are used.
ALTER TABLE refresh_families ADD COLUMN used_at bigint;
ALTER TABLE refresh_families ADD COLUMN used_before bigint;
