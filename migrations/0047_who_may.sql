-- Who has a role somewhere is read in the order of people's ids, page by page.
CREATE INDEX grants_who ON grants(scope_tenant, user_id, role_id, tenant_id);
