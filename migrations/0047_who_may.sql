-- Who has a role somewhere is read in the order of people's ids, page by page; so are those who have one beyond a company.
CREATE INDEX grants_who ON grants(scope_tenant, user_id, role_id, tenant_id);
CREATE INDEX grants_who_beyond ON grants(user_id, role_id, tenant_id) WHERE scope_tenant IS NULL;
