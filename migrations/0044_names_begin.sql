-- The last word of the name that is shown: most look for people by their family name. What `replace` leaves of the text once
-- all up to the last space is gone; of a single word nothing, for it is found as the beginning already.
ALTER TABLE users ADD COLUMN last_key text COLLATE "C" GENERATED ALWAYS AS (nullif(replace(folded ->> 'displayname', rtrim(folded ->> 'displayname', replace(folded ->> 'displayname', ' ', '')), ''), folded ->> 'displayname')) STORED;
CREATE INDEX users_last ON users(tenant_id, last_key) WHERE last_key IS NOT NULL;
-- Those of whom there are few, in the order of a list: others cost nothing here.
CREATE INDEX users_few ON users(tenant_id, id) WHERE kind <> 'tenant';
CREATE INDEX users_off ON users(tenant_id, id) WHERE NOT (enabled AND active);
