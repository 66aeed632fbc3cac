-- What was done is looked for by who did it and by what kind of thing it is. Whoever did little is found at once among all
-- others; the kind is told from the index alone, without the event.
CREATE INDEX audit_events_actor ON audit_events(tenant_id, actor, at, id, action);
CREATE INDEX audit_events_when ON audit_events(tenant_id, at, id, action);
-- Last, as nobody reads the trail from here to the end.
DROP INDEX audit_events_time;
