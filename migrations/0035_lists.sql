-- The trail and the attempts to sign in from any moment on, newest first; and in the same order what happened to one thing,
-- and what one person tried. A person's sessions in their order.
CREATE INDEX audit_events_time ON audit_events(tenant_id, at, id);
DROP INDEX audit_events_target;
CREATE INDEX audit_events_target ON audit_events(tenant_id, target, at, id);
CREATE INDEX signins_time ON signins(tenant_id, at, id);
DROP INDEX signins_user;
CREATE INDEX signins_user ON signins(tenant_id, user_id, at, id) WHERE user_id IS NOT NULL;
DROP INDEX sessions_user;
CREATE INDEX sessions_user ON sessions(tenant_id, user_id, id);

-- A tenant's applications beside many integration users, and the other way round.
CREATE INDEX apps_kind ON apps(tenant_id, kind, id);
