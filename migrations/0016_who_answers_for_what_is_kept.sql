-- What is kept of what a mapping gave counts as the mapping did: which it was, who answered for it, what it gave then, and
-- when it was noticed that they do not hold that any more.
ALTER TABLE parked_roles ADD COLUMN mapping_id uuid;
ALTER TABLE parked_roles ADD COLUMN created_by_tenant uuid;
ALTER TABLE parked_roles ADD COLUMN created_by_user uuid;
ALTER TABLE parked_roles ADD COLUMN granted jsonb;
ALTER TABLE parked_roles ADD COLUMN suspended_at bigint;
CREATE INDEX parked_roles_mapping ON parked_roles(mapping_id) WHERE mapping_id IS NOT NULL;
CREATE INDEX parked_roles_author ON parked_roles(created_by_tenant, created_by_user) WHERE created_by_user IS NOT NULL;

-- Row-level security is off meanwhile, as it would hide the rows. The time is asked for by SQLite's name.
-- postgres:
ALTER TABLE grants DISABLE ROW LEVEL SECURITY;
ALTER TABLE groups DISABLE ROW LEVEL SECURITY;
ALTER TABLE mappings DISABLE ROW LEVEL SECURITY;
ALTER TABLE parked_roles DISABLE ROW LEVEL SECURITY;
CREATE FUNCTION unixepoch() RETURNS bigint LANGUAGE sql AS 'SELECT CAST(floor(extract(epoch FROM now())) AS bigint)';
-- end

-- What waits for a decision now, as far as the mapping that gave it is still there.
UPDATE parked_roles SET mapping_id =
  (SELECT p.id FROM mappings p JOIN groups g ON g.tenant_id = p.tenant_id AND g.id = p.group_id
   WHERE p.tenant_id = parked_roles.tenant_id AND p.directory_id = parked_roles.directory_id
     AND g.display_name = parked_roles.group_name AND p.role_id = parked_roles.role_id
     AND p.scope = parked_roles.scope
     AND coalesce(p.scope_tenant, p.tenant_id) = coalesce(parked_roles.scope_tenant, parked_roles.tenant_id)
   ORDER BY CASE WHEN p.suspended_at IS NULL THEN 0 ELSE 1 END, p.id LIMIT 1)
WHERE group_name IS NOT NULL;
UPDATE parked_roles SET
  created_by_tenant = (SELECT p.created_by_tenant FROM mappings p
                       WHERE p.tenant_id = parked_roles.tenant_id AND p.id = parked_roles.mapping_id),
  created_by_user = (SELECT p.created_by_user FROM mappings p
                     WHERE p.tenant_id = parked_roles.tenant_id AND p.id = parked_roles.mapping_id),
  granted = (SELECT p.granted FROM mappings p
             WHERE p.tenant_id = parked_roles.tenant_id AND p.id = parked_roles.mapping_id),
  suspended_at = (SELECT p.suspended_at FROM mappings p
                  WHERE p.tenant_id = parked_roles.tenant_id AND p.id = parked_roles.mapping_id)
WHERE mapping_id IS NOT NULL;

-- What was over by itself before anybody looked for it (0014) is no news.
UPDATE grants SET ended_at = valid_to WHERE ended_at IS NULL AND valid_to <= unixepoch() * 1000000;

-- postgres:
DROP FUNCTION unixepoch();
ALTER TABLE grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE mappings ENABLE ROW LEVEL SECURITY;
ALTER TABLE parked_roles ENABLE ROW LEVEL SECURITY;
-- end
