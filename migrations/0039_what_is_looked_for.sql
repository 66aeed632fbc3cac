-- Who of a tenant was given a role, in the order of their ids.
CREATE INDEX grants_role_whose ON grants(tenant_id, role_id, user_id);
-- What waits for somebody, found without looking at all there is: roles that are held, letters of invitation that came back.
CREATE INDEX grants_held ON grants(scope_tenant, tenant_id, user_id) WHERE source = 'hold';
CREATE INDEX invitations_failed ON invitations(tenant_id) WHERE failed_at IS NOT NULL;
