-- Clients ask for what was changed since they last did: of groups by index as well.
CREATE INDEX groups_modified ON groups(tenant_id, directory_id, updated_at);
