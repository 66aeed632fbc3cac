-- Which application got tokens for whom: who may be told of them. The row outlives the person, because an application is
-- told that somebody was deleted; it goes when it was told, when the person takes their consent back, or with the
-- application.
CREATE TABLE app_people (
  tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  user_id uuid NOT NULL,
  app_id uuid NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id, app_id)
);
CREATE INDEX app_people_app ON app_people(app_id);
INSERT INTO app_people (tenant_id, user_id, app_id, created_at)
SELECT s.tenant_id, s.user_id, a.app_id, min(a.created_at)
FROM session_apps a JOIN sessions s ON s.tenant_id = a.tenant_id AND s.id = a.session_id
GROUP BY s.tenant_id, s.user_id, a.app_id;

-- The stream of security events that an application asked for. authorization_header: sealed, what is pushed is sent with it.
-- queued: rows of event_queue; seq: of the last of them; under_way: a message of the outbox delivers them; dropped: what was
-- not kept, because too much waited or for too long.
CREATE TABLE event_streams (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  app_id uuid NOT NULL,
  settings jsonb NOT NULL,
  authorization_header text,
  status text NOT NULL CHECK (status IN ('enabled', 'paused', 'disabled')),
  reason text,
  queued bigint NOT NULL,
  seq bigint NOT NULL,
  under_way boolean NOT NULL,
  dropped bigint NOT NULL,
  verification_at bigint,
  delivered_at bigint,
  failed_at bigint,
  failure text,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, app_id) REFERENCES apps(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX event_streams_app ON event_streams(app_id);

-- What is to be delivered, in order. always: also while the stream is paused, as it says why.
CREATE TABLE event_queue (
  tenant_id uuid NOT NULL,
  stream_id uuid NOT NULL,
  seq bigint NOT NULL,
  jti uuid NOT NULL,
  claims jsonb NOT NULL,
  always boolean NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, stream_id, seq),
  FOREIGN KEY (tenant_id, stream_id) REFERENCES event_streams(tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX event_queue_jti ON event_queue(tenant_id, stream_id, jti);
CREATE INDEX event_queue_age ON event_queue(created_at);

-- Of whom an application does not want to hear.
CREATE TABLE event_subjects (
  tenant_id uuid NOT NULL,
  stream_id uuid NOT NULL,
  subject uuid NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (tenant_id, stream_id, subject),
  FOREIGN KEY (tenant_id, stream_id) REFERENCES event_streams(tenant_id, id) ON DELETE CASCADE
);

-- postgres:
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['app_people', 'event_streams', 'event_queue', 'event_subjects'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (muster_sees(tenant_id))', t);
  END LOOP;
END $$;
-- end
