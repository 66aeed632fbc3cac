-- When the reviewers of an open review were told once more that it waits for them.
ALTER TABLE reviews ADD COLUMN reminded_at bigint;
