-- Those that can still be accepted are few among all that were ever sent.
CREATE INDEX invitations_open ON invitations(tenant_id, id) WHERE accepted_at IS NULL AND revoked_at IS NULL;
