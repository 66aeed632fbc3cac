-- chosen: the person has said in which tenant the session acts, so that no application's request asks again.
ALTER TABLE sessions ADD COLUMN chosen boolean NOT NULL DEFAULT false;
-- The last letter about an invitation was given up: when, why (a word), and as which message of the outbox.
ALTER TABLE invitations ADD COLUMN failed_at bigint;
ALTER TABLE invitations ADD COLUMN failed text;
ALTER TABLE invitations ADD COLUMN failed_message uuid;
