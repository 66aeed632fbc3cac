-- More products whose claims are read in a way of their own. A column's list of words cannot be made longer in place.
ALTER TABLE directories ADD COLUMN product text NOT NULL DEFAULT 'generic'
  CHECK (product IN ('entra', 'entra_v1', 'okta', 'google', 'auth0', 'keycloak', 'ping', 'adfs', 'generic'));
-- postgres:
SELECT set_config('muster.scope', '*', true);
-- end
UPDATE directories SET product = preset;
ALTER TABLE directories DROP COLUMN preset;
ALTER TABLE directories RENAME COLUMN product TO preset;

-- postgres:
ALTER TABLE directories RENAME CONSTRAINT directories_product_check TO directories_preset_check;
-- end
