-- chosen: the person has said in which tenant the session acts, so that no application's request asks again.
ALTER TABLE sessions ADD COLUMN chosen boolean NOT NULL DEFAULT false;
