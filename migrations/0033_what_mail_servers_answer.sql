-- What the mail server answered when it refused the last letter about an invitation for good, without anybody's address.
ALTER TABLE invitations ADD COLUMN failed_reply text;
