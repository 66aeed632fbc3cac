-- A sign-in that knows a name and no company asks in which tenants somebody has it.
CREATE INDEX users_homes ON users(user_name_key, tenant_id) WHERE directory_id IS NULL;
