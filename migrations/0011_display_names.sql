-- Clients ask for people by the name that is shown, in any case: what the folded document says, where an index finds it.
ALTER TABLE users ADD COLUMN display_key text COLLATE "C" GENERATED ALWAYS AS (folded ->> 'displayname') STORED;
CREATE INDEX users_display ON users(tenant_id, directory_id, display_key);
