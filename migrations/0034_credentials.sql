-- void: somebody took the person's factors away, and the password with them; the row says that they had one, and what is to
-- take its place comes by a link.
ALTER TABLE passwords ADD COLUMN void boolean NOT NULL DEFAULT false;
-- by_desk: a help desk sent the link, so that what is set by it may be a second factor, too.
ALTER TABLE password_resets ADD COLUMN by_desk boolean NOT NULL DEFAULT false;
-- suspect_at: since when there may be two of a passkey; it is not taken any more.
ALTER TABLE passkeys ADD COLUMN suspect_at bigint;
